"""ReLU before a sigmoid: what is said of a run, and the scores of the experiment."""

import math

import torch
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss

from unstuck.questions import q13_relu_before_sigmoid as q13
from unstuck.questions._stack import Stack
from unstuck.records import Facts


def site(function="binary_cross_entropy_with_logits", *, low, high, chain, zeros=0.0):
    seen = {"minimum": low, "maximum": high, "zero_share": zeros}
    return {"function": function, "training": True, "input": seen, "chain": chain}


def said(*sites, **families):
    return list(q13.on(Facts({"loss_calls": list(sites)} | families)))


def test_a_relu_on_the_logit_is_told_with_its_zeros():
    bug = site(low=0.0, high=4.25, chain=["ReluBackward0", "AddmmBackward0"], zeros=0.63)
    assert said(bug) == [
        "the logits that binary_cross_entropy_with_logits received were 0 to 4.25, behind a ReLU: "
        "p is never below 0.5, and exactly 0.5 for up to 63% of a batch"
    ]


def test_so_is_one_before_the_sigmoid():
    chain = ["SigmoidBackward0", "ReluBackward0", "AddmmBackward0"]
    assert said(site("binary_cross_entropy", low=0.5, high=0.9, chain=chain)) == [
        "the probabilities that binary_cross_entropy received were 0.5 to 0.9, behind a ReLU: "
        "p is never below 0.5"
    ]


def test_a_linear_output_falls_on_both_sides():
    assert said(site(low=-3.0, high=2.0, chain=["AddmmBackward0"])) == [
        "the logits that binary_cross_entropy_with_logits received were -3 to 2: p was on both "
        "sides of 0.5"
    ]


def test_logits_that_were_never_negative_are_told_without_a_cause():
    [line] = said(site(low=0.5, high=2.0, chain=["AddmmBackward0"]))
    assert line.endswith("were 0.5 to 2: p was never below 0.5")


def test_predictions_are_counted_by_class():
    predictions = [{"source": "validation", "step": 90, "predicted": [0, 169]}]
    healthy = site(low=-3.0, high=2.0, chain=[])
    assert said(healthy, predictions=predictions)[1:] == [
        "in validation at step 90, 169 of 169 predictions are positive by the rule p > 0.5"
    ]


def test_other_losses_and_runs_without_facts_say_nothing():
    other = site("cross_entropy", low=0.0, high=1.0, chain=["ReluBackward0"])
    assert said(other) == []
    assert list(q13.on(Facts())) == []
    assert list(q13.on(Facts({}, {"loss_calls": "no loss was computed"}))) == [
        "what makes the logits is not known: no loss was computed"
    ]


def test_scores_are_those_of_scikit_learn():
    found = torch.tensor([0.0, 0.0, 1.5, -2.0, 3.0, 0.2], dtype=torch.float64)
    y = torch.tensor([0, 1, 1, 0, 0, 1])
    scored = {name: float(each) for name, each in q13.scores(found[None, None], y[None]).items()}
    p = found.sigmoid().numpy()
    assert math.isclose(scored["accuracy"], accuracy_score(y, p > 0.5), rel_tol=1e-6)
    assert math.isclose(scored["accuracy_at_least"], accuracy_score(y, p >= 0.5), rel_tol=1e-6)
    assert math.isclose(scored["log_loss"], log_loss(y, p), rel_tol=1e-6)
    assert math.isclose(scored["brier"], brier_score_loss(y, p), rel_tol=1e-6)
    assert math.isclose(scored["inactive"], 1 / 3, rel_tol=1e-6)


def test_only_the_second_arm_has_the_relu():
    net = Stack(q13.WIDTHS, (0, 1), arms=2)
    usual, bug = q13.logits(net, torch.randn(2, 50, 30)).chunk(2)
    assert (usual < 0).any()
    assert torch.equal(bug, usual.clamp_min(0))
