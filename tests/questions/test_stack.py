"""Nets in one stack are the nets one by one."""

import pytest
import torch
from torch import nn

from unstuck.questions._data import digits
from unstuck.questions._stack import Adam, Batches, Sgd, Stack, accuracy, cross_entropy, per_arm

SEEDS = (3, 4)
RATES = (0.05, 0.2)


def alone(stack, net):
    """A plain torch twin of one net of a stack."""
    layers = []
    for weight, bias in zip(stack.weights, stack.biases, strict=True):
        layer = nn.Linear(*weight.shape[1:])
        layer.weight.data, layer.bias.data = (
            weight[net].detach().T.clone(),
            bias[net, 0].detach().clone(),
        )
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Sgd, torch.optim.SGD),
        (lambda net, r: Sgd(net, r, 0.9), lambda p, lr: torch.optim.SGD(p, lr, 0.9)),
        (Adam, torch.optim.Adam),
    ],
    ids=["sgd", "momentum", "adam"],
)
def test_a_stack_trains_each_net_as_plain_torch_does(ours, theirs):
    data = digits(SEEDS, train=128)
    stack = Stack((64, 8, 10), SEEDS, arms=2)
    twins = [alone(stack, net) for net in range(4)]
    rates = per_arm(RATES, SEEDS)
    optimizer = ours(stack, rates)
    single = [theirs(t.parameters(), float(rate)) for t, rate in zip(twins, rates, strict=True)]
    for x, y in Batches(data, 32, 2, SEEDS):
        optimizer.step(cross_entropy(stack(x), y))
        for net, (twin, each) in enumerate(zip(twins, single, strict=True)):
            each.zero_grad()
            nn.functional.cross_entropy(twin(x[net % 2]), y[net % 2]).backward()
            each.step()
    for net, twin in enumerate(twins):
        torch.testing.assert_close(twin[0].weight.T, stack.weights[0][net], atol=1e-5, rtol=1e-4)
        right = (twin(data.test_x[net % 2]).argmax(1) == data.test_y[net % 2]).float().mean().item()
        score = accuracy(stack, data.test_x, data.test_y)[net // 2, net % 2].item()
        assert score == pytest.approx(right, abs=1e-6)


def test_arms_begin_equal_and_seeds_do_not():
    stack = Stack((64, 8, 10), SEEDS, arms=2)
    assert torch.equal(stack.arm(stack.weights[0], 0), stack.arm(stack.weights[0], 1))
    assert not torch.equal(stack.weights[0][0], stack.weights[0][1])


def test_every_seed_has_its_own_split_and_order():
    data = digits(SEEDS)
    assert data.x.shape == (2, 1200, 64)
    assert data.test_x.shape == (2, 597, 64)
    assert not torch.equal(data.x[0], data.x[1])
    one, other = next(iter(Batches(data, 32, 1, SEEDS))), next(iter(Batches(data, 32, 1, (5, 6))))
    assert not torch.equal(one[1], other[1])


def test_an_epoch_of_batches_is_each_row_once():
    data = digits(SEEDS, train=96)
    seen = torch.cat([x for x, _ in Batches(data, 32, 1, SEEDS)], dim=1)
    torch.testing.assert_close(seen.sum(1), data.x.sum(1))


def test_standardised_pixels_have_mean_0_and_deviation_1():
    data = digits((0,), standardised=True)
    used = digits((0,)).x[0].std(0) > 0.01  # a pixel that is nearly always 0 stays so
    assert data.x[0].mean(0).abs().max() < 1e-5
    assert used.sum() > 50
    torch.testing.assert_close(data.x[0].std(0)[used], torch.ones(int(used.sum())))
