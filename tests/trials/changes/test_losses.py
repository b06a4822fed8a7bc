import pytest
import torch
from torch import nn
from torch.nn import functional

from unstuck.trials.replay import LossCall, NotApplicable


def value(loss):
    return float(loss.detach())


def step(model, optimizer, x, loss):
    optimizer.zero_grad()
    value = loss(model(x))
    value.backward()
    optimizer.step()
    return float(value.detach())


def classes(last=()):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 3), *last)
    return model, torch.optim.SGD(model.parameters(), lr=0.1)


torch.manual_seed(0)
x, labels = torch.randn(12, 4), torch.arange(12) % 3


@pytest.mark.parametrize(
    "loss", [nn.CrossEntropyLoss(), lambda p, t: functional.cross_entropy(p, t)]
)
def test_without_softmax_the_loss_is_that_of_the_logits(live, loss):
    plain, plain_optimizer = classes()
    expected = [
        step(plain, plain_optimizer, x, lambda p: functional.cross_entropy(p, labels))
        for _ in "abc"
    ]
    model, optimizer = classes([nn.Softmax(1)])
    live(model, optimizer, x, change="remove-softmax-before-cross-entropy")
    seen = [step(model, optimizer, x, lambda p: loss(p, labels)) for _ in "abc"]
    assert seen == pytest.approx(expected, abs=1e-6)


def test_logits_are_no_probabilities(live):
    model, optimizer = classes()
    before = [p.clone() for p in model.parameters()]
    live(model, optimizer, x, change="remove-softmax-before-cross-entropy")
    with pytest.raises(NotApplicable):
        step(model, optimizer, x, lambda p: functional.cross_entropy(p, labels))
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


class Functional(nn.Module):
    def __init__(self, activation):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Linear(4, 8), nn.Linear(8, 3)
        self.activation = activation

    def forward(self, x):
        for layer in (self.first, self.second):
            x = self.activation(layer(x))
        return x.view(-1, 3)


def body(last):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3), *last)


def inplace_relu(x):
    return functional.relu(x, inplace=True)


@pytest.mark.parametrize(
    "make",
    [
        lambda: body([nn.ReLU()]),
        lambda: body([nn.ReLU(inplace=True)]),
        lambda: body([nn.ReLU(), nn.ReLU(), nn.Flatten()]),
        lambda: body([nn.Softplus()]),
        lambda: body([nn.Sigmoid()]),
        lambda: Functional(torch.relu),
        lambda: Functional(functional.relu),
        lambda: Functional(inplace_relu),
        lambda: Functional(lambda x: x.relu()),
        lambda: Functional(lambda x: x.clamp(min=0)),
        lambda: body([nn.ReLU(), nn.LogSoftmax(1)]),
    ],
)
def test_only_the_activation_before_the_loss_goes(live, make):
    plain = body([])
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.1)
    expected = [
        step(plain, optimizer, x, lambda p: functional.cross_entropy(p, labels)) for _ in "abc"
    ]
    model = make()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    live(model, optimizer, x, change="remove-activation-before-loss")
    linked = isinstance(model[-1], nn.LogSoftmax) if isinstance(model, nn.Sequential) else False
    loss = functional.nll_loss if linked else functional.cross_entropy
    seen = [step(model, optimizer, x, lambda p: loss(p, labels)) for _ in "abc"]
    assert seen == pytest.approx(expected, abs=1e-6)


def test_an_activation_outside_the_model_counts_too(live):
    plain = body([])
    expected = value(functional.cross_entropy(plain(x), labels))
    model = body([])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    live(model, optimizer, x, change="remove-activation-before-loss")
    assert (
        step(model, optimizer, x, lambda p: functional.cross_entropy(p.relu(), labels)) == expected
    )


def test_a_prediction_cut_out_of_the_memory_of_the_output_is_one_too(live):
    plain, model = body([]), body([nn.ReLU()])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    live(model, optimizer, x, change="remove-activation-before-loss")
    expected = value(functional.cross_entropy(plain(x)[2:].detach(), labels[2:]))
    seen = step(
        model,
        optimizer,
        x,
        lambda p: functional.cross_entropy(torch.as_strided(p, (10, 3), (3, 1), 6), labels[2:]),
    )
    assert seen == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    "cut", [lambda p: p, lambda p: p[3:], lambda p: p.as_strided((12, 3), (3, 1))]
)
def test_a_loss_is_asked_again_where_no_function_is_seen(live, cut):
    plain, model = body([]), body([nn.ReLU()])
    replay = live(model, [], x, change="remove-activation-before-loss")
    with torch.no_grad():
        expected = cut(plain(x))
        with torch._C.DisableTorchFunction():
            call = LossCall("cross_entropy", cut(model(x)), labels)
            assert torch.allclose(replay.loss_called(call).prediction, expected)


def test_a_sigmoid_before_binary_cross_entropy_stays_and_the_relu_below_goes(live):
    targets = (labels > 0).float()[:, None].expand(12, 3)
    plain = body([])
    expected = value(functional.binary_cross_entropy(plain(x).sigmoid(), targets))
    model = body([nn.ReLU(), nn.Sigmoid()])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    live(model, optimizer, x, change="remove-activation-before-loss")
    seen = step(model, optimizer, x, lambda p: functional.binary_cross_entropy(p, targets))
    assert seen == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("last", [[], [nn.LayerNorm(3)]])
def test_a_healthy_net_has_no_activation_to_remove(live, last):
    model = body(last)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    live(model, optimizer, x, change="remove-activation-before-loss")
    with pytest.raises(NotApplicable):
        step(model, optimizer, x, lambda p: functional.cross_entropy(p, labels))


def line():
    torch.manual_seed(0)
    model = nn.Linear(4, 1)
    return model, torch.optim.SGD(model.parameters(), lr=0.1)


def test_predictions_take_the_shape_of_the_targets(live):
    target = torch.randn(12)
    model, optimizer = line()
    expected = value(functional.mse_loss(model(x).squeeze(1), target))
    live(model, optimizer, x, change="squeeze-broadcast-loss")
    assert step(model, optimizer, x, lambda p: functional.mse_loss(p, target)) == expected


def test_shapes_that_are_equal_stay(live):
    model, optimizer = line()
    live(model, optimizer, x, change="squeeze-broadcast-loss")
    with pytest.raises(NotApplicable):
        step(model, optimizer, x, lambda p: functional.mse_loss(p, torch.randn(12, 1)))


def test_targets_are_scaled_by_the_first_batch(live):
    target = torch.randn(12, 1) * 50 + 300
    mean, deviation = target.mean(), target.std(unbiased=False)
    model, optimizer = line()
    expected = value(functional.mse_loss(model(x), (target - mean) / deviation))
    live(model, optimizer, x, change="scale-targets")
    seen = step(model, optimizer, x, lambda p: functional.mse_loss(p, target))
    assert seen == pytest.approx(expected, rel=1e-4)
    other = target[:6].repeat(2, 1)
    later = value(functional.mse_loss(model(x), other))
    by_hand = value(((model(x) - (other - mean) / deviation) ** 2).mean())
    assert later == pytest.approx(by_hand, rel=1e-4)


def test_classes_are_no_numbers_to_scale(live):
    model, optimizer = classes()
    live(model, optimizer, x, change="scale-targets")
    with pytest.raises(NotApplicable):
        step(model, optimizer, x, lambda p: functional.cross_entropy(p, labels))


def test_shuffled_labels_are_the_same_labels_and_draw_from_no_generator(live):
    model, optimizer = classes()
    replay = live(model, optimizer, x, change="shuffled-labels")
    seen = []
    replay.change_loss(lambda call: (seen.append(call.target), call)[1])
    state = torch.get_rng_state()
    step(model, optimizer, x, lambda p: functional.cross_entropy(p, labels))
    assert torch.equal(state, torch.get_rng_state())
    assert torch.equal(seen[0].sort().values, labels.sort().values)
    assert not torch.equal(seen[0], labels)
