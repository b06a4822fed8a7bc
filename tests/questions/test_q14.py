"""What a perceptron cannot do: what is said of a run, the rule, its bound and its features."""

import pytest
import torch
from sklearn.linear_model import Perceptron
from sklearn.preprocessing import PolynomialFeatures

from unstuck.questions import explain
from unstuck.questions import q14_perceptron_limits as q14
from unstuck.records import Facts

on = explain("q14").on


def net(*nodes, edges=(), functions=(), **other):
    listed = [{"name": name, "kind": "Linear", "inputs": i, "outputs": o} for name, i, o in nodes]
    rest = {"normalised": False, "opaque": False, "left_out": 0} | other
    edges = [{"source": a, "target": b, "straight": straight} for a, b, straight in edges]
    return {"layers": {"nodes": listed, "edges": edges, "functions": list(functions)} | rest}


def table(features, samples):
    fed = [{"kind": "Linear", "features": features}]
    return {"inputs": {"layers": fed}, "data": {"samples": samples}}


@pytest.mark.parametrize("functions", [[], ["sigmoid"]])
def test_a_single_layer_is_linear(functions):
    assert on(Facts(net(("fc", 30, 1), functions=functions))) == [
        "fc (30 -> 1) is the only layer: a boundary between two classes is linear in what reaches it"
    ]


def test_so_are_layers_with_nothing_between_them():
    facts = net(("a", 8, 16), ("b", 16, 2), edges=[("a", "b", True)])
    assert on(Facts(facts)) == [
        "nothing non-linear was seen between the 2 layers: together they are linear, as a single "
        "one is"
    ]


@pytest.mark.parametrize(
    "facts",
    [
        net(("a", 8, 16), ("b", 16, 2), edges=[("a", "b", False)], functions=["ReLU"]),
        net(("a", 8, 16), ("b", 16, 2), edges=[("a", "b", True)], normalised=True),
        net(("a", 8, 16), ("b", 16, 2)),
        net(("fc", 30, 1), functions=["ReLU"]),
        net(("fc", 30, 1), opaque=True),
        net(("fc", 30, 1), left_out=3),
    ],
)
def test_of_other_nets_it_says_nothing(facts):
    assert on(Facts(facts)) == []


def test_few_examples_are_separable_whatever_their_classes():
    assert on(Facts(table(100, 101))) == [
        "101 examples of 100 features: unless some are affine combinations of others, a plane "
        "separates them whatever their classes are"
    ]
    assert on(Facts(table(100, 102))) == on(Facts(table(100, None))) == on(Facts()) == []


def test_it_tells_what_a_linear_map_scores():
    arms = [("unchanged", [0.8, 0.9]), ("linear-model", [0.8, 0.9])]
    trials = {"arms": [{"name": name, "scores": scores} for name, scores in arms]}
    [score, _] = on(Facts({"trials": trials}))
    assert score == (
        "replayed with a linear map in place of the network: score 0.85 (0.80 to 0.90, 2 seeds), "
        "as it is 0.85 (0.80 to 0.90, 2 seeds)"
    )


def test_the_rule_is_that_of_scikit_learn(monkeypatch):
    monkeypatch.setattr(torch, "randperm", lambda rows, generator: torch.arange(rows))
    x, y = q14.flowers(1, (2,))
    *_, (weights, _) = q14.perceptron(x[None], y[None], 7, [torch.Generator()])
    theirs = Perceptron(shuffle=False, max_iter=7, tol=None, fit_intercept=False).fit(x, y)
    torch.testing.assert_close(weights[0], torch.tensor(theirs.coef_[0]))
    assert q14.right(weights, x[None], y[None]).item() == pytest.approx(theirs.score(x, y))


@pytest.mark.parametrize(("inputs", "count"), [(1, 4), (2, 14)])
def test_it_learns_the_functions_that_a_line_separates(inputs, count):
    assert q14.learned(inputs, q14.with_one, seed=3) == count


def test_a_product_lets_it_learn_all_of_two_inputs():
    assert q14.learned(2, q14.with_product, seed=3) == 16


def test_features_are_those_of_scikit_learn():
    x = torch.rand(5, 4, dtype=torch.float64)
    theirs = torch.tensor(PolynomialFeatures(2).fit_transform(x))
    ours = q14.with_products(x)
    assert sorted(ours[0].tolist()) == pytest.approx(sorted(theirs[0].tolist()))


def test_the_margin_of_two_points_is_half_of_their_distance():
    x = torch.tensor([[3.0, 4.0], [-3.0, -4.0]], dtype=torch.float64)
    margin, bound = q14.margin_and_bound(x, torch.tensor([1.0, -1.0], dtype=torch.float64))
    assert (margin, bound) == (pytest.approx(5), pytest.approx(1))
