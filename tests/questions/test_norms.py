"""Stacks with normalisations, held against the modules of PyTorch."""

import pytest
import torch
from torch import nn

from unstuck.questions._norms import Normed


def reference(net, index, norm):
    """The same net of one seed as modules."""
    layers = []
    for weight, bias in zip(net.weights, net.biases, strict=True):
        linear = nn.Linear(*weight.shape[1:])
        linear.load_state_dict({"weight": weight[index].T, "bias": bias[index, 0]})
        layers += [linear, norm(weight.shape[2]), nn.ReLU()]
    return nn.Sequential(*layers[:-2])


@pytest.mark.parametrize(
    ("kind", "norm"), [("batch", nn.BatchNorm1d), ("layer", nn.LayerNorm), ("none", nn.Identity)]
)
def test_it_is_the_net_that_modules_make(kind, norm):
    net, x = Normed((6, 5, 4, 3), (0, 1), arms=2, kind=kind), torch.randn(2, 20, 6)
    twins = [reference(net, index, norm) for index in range(4)]
    for training in (True, True, False):
        net.training = training
        wanted = [twin.train(training)(x[index % 2]) for index, twin in enumerate(twins)]
        torch.testing.assert_close(net(x), torch.stack(wanted))


def test_gain_and_shift_are_trained():
    plain, normed = (Normed((6, 5, 4, 3), (0,), kind=kind) for kind in ("none", "batch"))
    assert len(normed.parameters) == len(plain.parameters) + 2 * 2
    outputs = normed(torch.randn(1, 20, 6)).square().sum()
    assert all(slope.any() for slope in torch.autograd.grad(outputs, normed.gains + normed.shifts))


def test_what_enters_an_activation_can_be_seen_and_changed():
    net, layers = Normed((6, 5, 4, 3), (0,)), []

    def zeroed(layer, x):
        layers.append(layer)
        return 0 * x

    net.seen = zeroed
    assert not net(torch.randn(1, 20, 6)).any()
    assert layers == [0, 1]
