"""Neural networks and deep learning: the sawtooth, the recipes, and what is said of a run."""

import pytest
import torch

from unstuck.questions import q11_nn_vs_deep_learning as q11
from unstuck.questions._data import Data
from unstuck.questions._stack import Stack
from unstuck.records import Facts

from ..checks.sample import facts, gradient_layer, gradient_look, gradients, layers, loss, node

NODES = [node(f"net.{at}", depth=at + 1) for at in range(3)]


def heard(*sizes, step=0):
    return gradients(
        *(gradient_layer(f"net.{at}", gradient_look(step, size)) for at, size in enumerate(sizes))
    )


def test_it_tells_depth_and_the_first_gradients():
    seen = facts(layers=layers(*NODES, functions=["Sigmoid"]), gradients=heard(2e-6, 1e-3, 0.2))
    assert list(q11.on(seen)) == [
        "3 layers with weights lie between input and loss; non-linearities: Sigmoid",
        "at step 0 the gradient norm of net.0 was 2e-06, that of net.2 0.2: a ratio of 1e-05",
    ]


def test_layers_without_a_gradient_are_left_out():
    seen = facts(layers=layers(*NODES), gradients=heard(0.0, 0.1, 0.2))
    assert "norm of net.1 was 0.1, that of net.2 0.2: a ratio of 0.5" in list(q11.on(seen))[1]


@pytest.mark.parametrize("known", [heard(0.1), heard(0.0, 0.0, 0.0), None])
def test_one_layer_has_no_ratio(known):
    [line] = q11.on(facts(layers=layers(*NODES, functions=[], opaque=True), gradients=known))
    assert line == (
        "3 layers with weights lie between input and loss; some layers are hidden from view"
    )


def test_it_tells_where_the_loss_went():
    seen = facts(layers=layers(*NODES), loss=loss([2.3] * 30))
    assert list(q11.on(seen))[-1].startswith("the loss went from 2.3 at step 0 to 2.3")


def test_it_is_silent_where_no_layers_were_seen():
    assert list(q11.on(Facts())) == []


@pytest.mark.parametrize("folds", range(1, 7))
def test_depth_doubles_the_pieces_and_one_layer_draws_the_same(folds):
    grid = torch.linspace(0, 1, 2**13 + 1, dtype=torch.float64)
    peaks = torch.linspace(0.4, 0.6, folds, dtype=torch.float64)
    deep = q11.folded(grid, peaks)
    assert q11.pieces(deep) == 2**folds == len(q11.knots(peaks)) - 1
    assert torch.allclose(q11.flat(grid, q11.knots(peaks)), deep, rtol=0, atol=1e-10)


def test_pieces_are_counted_on_and_between_the_points_of_the_grid():
    grid = torch.linspace(0, 1, 101, dtype=torch.float64)
    assert q11.pieces(grid) == 1
    assert q11.pieces((grid - 0.5).abs()) == 2
    assert q11.pieces((grid - 0.123).abs() + (grid - 0.777).abs()) == 3
    assert q11.pieces((grid - 0.01).abs()) == 2


def test_recipes_of_a_depth_differ_in_the_size_of_equal_draws():
    common, lecun, he = (
        q11.built(q11.RECIPES[name], (0, 1)).weights
        for name in ("sigmoid, common start", "tanh, LeCun", "ReLU, He")
    )
    assert torch.allclose(common[3] * 6**0.5, he[3])
    assert torch.allclose(lecun[3] * 2**0.5, he[3])
    assert torch.equal(lecun[-1], he[-1])
    assert float(32 * he[3].detach().var()) == pytest.approx(2.0, rel=0.1)


def test_gradient_norms_are_those_of_backward():
    x, y = torch.randn(1, 100, 64), torch.arange(100)[None] % 10
    data, net = Data(x, y, x, y), Stack((64, 8, 10), (3,))
    found = q11.gradient_norms(net, data)
    torch.nn.functional.cross_entropy(net(data.x)[0], data.y[0]).backward()
    assert torch.allclose(found[:, 0], torch.stack([each.grad.norm() for each in net.weights]))
