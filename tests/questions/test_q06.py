"""Accuracy that falls: what is said of a run, and the rules and labels of the experiment."""

import math

import torch

from unstuck.questions import q06_accuracy_falls as q06
from unstuck.questions._lab import Lab
from unstuck.questions._stack import cross_entropy
from unstuck.records import Facts


def said(values=(), accuracy=(), *, loss=None, rows=400):
    curve = {
        "function": "cross_entropy",
        "rows": rows,
        "values": [list(pair) for pair in values],
        "accuracy": [list(pair) for pair in accuracy],
    }
    families = {"validation": {"curves": [curve]}}
    if loss is not None:
        families["loss"] = {"values": [list(pair) for pair in loss]}
    return list(q06.on(Facts(families)))


def test_validation_and_training_losses_are_told_together():
    loss = [(step, 2 - step / 100) for step in range(101)]
    assert said([(20, 0.8), (60, 0.7), (100, 0.9)], loss=loss) == [
        "the validation loss was lowest at step 60 (0.7), and 0.9 at step 100, the last of 3 "
        "evaluations; the training loss went from 1.4 to 1.04 meanwhile"
    ]


def test_without_a_fall_or_a_training_loss_nothing_is_compared():
    assert said([(20, 0.8), (60, 0.7)], loss=[(60, 1.0)]) == [
        "the validation loss was lowest at step 60 (0.7), and 0.7 at step 60, the last of 2 "
        "evaluations"
    ]
    assert "training" not in said([(20, 0.7), (60, 0.8)])[0]


def test_the_training_loss_of_a_short_run_is_that_of_its_first_steps():
    [line] = said([(0, 0.7), (19, 0.9)], loss=[(step, 2 - step / 10) for step in range(20)])
    assert line.endswith("the training loss went from 1.9 to 0.2 meanwhile")


def test_accuracy_is_told_with_its_error():
    assert said(accuracy=[(10, 0.5), (20, 0.8), (30, 0.75)]) == [
        "validation accuracy was highest at step 20 (0.800), and 0.750 at step 30; the standard "
        "error of such a number on 400 examples is 0.02"
    ]


def test_one_evaluation_and_a_run_without_facts_say_nothing():
    assert said([(20, 0.8)], [(20, math.nan), (30, 0.5)]) == []
    assert list(q06.on(Facts())) == []
    assert list(q06.on(Facts({}, {"validation": "no evaluation was seen"}))) == [
        "validation was not recorded: no evaluation was seen"
    ]


def slowly_stopped(curve, patience):
    best = 0
    for epoch, value in enumerate(curve):
        if value >= curve[best]:
            best = epoch
        elif epoch - best == patience:
            break
    return best


def test_early_stopping_is_that_of_a_loop():
    curves = torch.randint(0, 8, (20, 3, 40), generator=torch.Generator().manual_seed(0))
    for patience in (1, 5):
        found = q06.stopped(curves, patience)
        for arm in range(3):
            for net in range(40):
                assert found[arm, net] == slowly_stopped(curves[:, arm, net].tolist(), patience)


def test_wrong_labels_are_wrong_and_so_many():
    y = torch.arange(10).repeat(1000)
    given = q06.spoiled(y, torch.Generator().manual_seed(0))
    assert abs(float((given != y).float().mean()) - q06.WRONG) < 0.02
    assert given.min() == 0
    assert given.max() == 9


def test_only_two_arms_are_given_them():
    y = torch.stack([torch.zeros(2, 5), torch.ones(2, 5)], 2)
    of_arms = q06._given(y).view(len(q06.ARMS), 2, 5).float().mean((1, 2)).tolist()
    assert of_arms == [1, 1, 0, 0]


def test_dropout_is_in_its_arm_and_in_training_only():
    units, x = q06.Units(), torch.ones(len(q06.ARMS), 50, 20)
    changed = (units(x) != x).flatten(1).any(1).tolist()
    assert changed == [arm == q06.DROPOUT for arm in range(len(q06.ARMS))]
    units.training = False
    assert torch.equal(units(-x), torch.zeros_like(x))


def test_the_temperature_undoes_a_scale():
    draw = torch.Generator().manual_seed(0)
    outputs = torch.randn(2, 2000, 10, generator=draw)
    y = torch.distributions.Categorical(logits=outputs).sample()
    found = q06.temperature(3 * outputs, y)
    assert found.sub(3).abs().max() < 0.4
    assert (
        cross_entropy(3 * outputs / found[:, None, None], y) < cross_entropy(3 * outputs, y)
    ).all()


def test_dropout_zeroes_other_units_in_each_example_and_doubles_the_rest():
    assert q06._facts_of_dropout(0) == {"patterns": 1, "kept_scale": 0}


def test_a_short_experiment_has_every_number(monkeypatch):
    monkeypatch.setattr(q06, "EPOCHS", 2)
    monkeypatch.setattr(q06, "NETS", 1)
    measured = q06.experiment(Lab((0, 1, 2)))
    assert {each.number for each in q06.PREDICTIONS} <= set(measured.numbers)
    assert {len(values) for values in measured.numbers.values()} == {3}
    assert [len(measured.series[arm]["validation"]) for arm in q06.ARMS] == [2] * len(q06.ARMS)
