"""What questions 9, 10, 14 and 18 say of what replays of a run measured."""

import pytest

from unstuck.questions import explain
from unstuck.records import Facts


def said(name, steps=100, **trials):
    return explain(name).on(Facts({"trials": {"steps": steps, "arms": [], **trials}}))


def measuring(name, stopped=None, **numbers):
    return {"measured": {name: {"numbers": numbers, "stopped": stopped}}}


MEASURED = {"q09": "sharpness", "q14": "linear-probe", "q18": "shifts"}


@pytest.mark.parametrize(("name", "measurement"), MEASURED.items())
def test_it_says_why_there_is_no_measurement(name, measurement):
    [why] = said(name, **measuring(measurement, "no such thing"))
    assert why.endswith("not measured: no such thing")
    assert said(name)[0].endswith("not measured: not within the budget")
    [why] = explain(name).on(Facts({}, {"trials": "replays need Linux"}))
    assert why.endswith("not replayed: replays need Linux")
    assert explain(name).on(Facts()) == []


def look(step, rate, sharpness, settled=True):
    return {"step": step, "rate": rate, "sharpness": sharpness, "settled": settled, "loss": 1.0}


def sharp(*looks, optimizer="SGD", momentum=0.0, limit=2.0):
    rule = {"optimizer": optimizer, "momentum": momentum, "limit": limit}
    return said("q09", **measuring("sharpness", looks=list(looks), **rule))


def test_the_sharpness_is_held_against_the_rate():
    lines = sharp(look(0, 0.1, 12.3), look(99, 0.1, 18.0, settled=False))
    assert lines == [
        "sharpness 12.3 on the batch of step 0: rate 0.1 x sharpness = 1.23, below 2",
        "sharpness at least 18 on the batch of step 99: rate 0.1 x sharpness = at least 1.8, below 2",
        "the limit 2 holds for plain gradient descent on a quadratic and whole data",
        "the sharpest of these batches meets its limit at rate 0.11; others differ, "
        "and small batches need less",
    ]


@pytest.mark.parametrize(
    ("sharpness", "word"),
    [(50.0, "more than twice"), (25.0, "above the limit"), (0.05, "far below"), (5.0, None)],
)
def test_far_from_the_limit_it_says_what_that_means(sharpness, word):
    lines = sharp(look(0, 0.1, sharpness))
    assert len(lines) == (3 if word is None else 4)
    assert word is None or lines[2].startswith(word)


def test_adam_has_its_own_limit_and_a_rate_may_still_be_zero():
    lines = sharp(look(0, 0.0, 200.0), optimizer="AdamW", momentum=0.9, limit=38.0)
    assert (
        lines[0] == "preconditioned sharpness 200 on the batch of step 0, where the rate is still 0"
    )
    assert "38 holds for AdamW with beta1 0.9" in lines[1]


def both(net, linear, error, rows=400, measure="accuracy"):
    ahead = net - linear
    found = {"measure": measure, "rows": rows, "net": net, "linear": linear}
    return found | {"ahead": ahead, "error": error, "on": "validation batches"}


@pytest.mark.parametrize(
    ("held", "verdict"),
    [
        (
            both(0.95, 0.93, 0.02),
            "the difference, 0.020 +- 0.040, is within what 400 rows can tell",
        ),
        (both(0.95, 0.75, 0.02), "your net is ahead by 0.200 +- 0.040"),
        (both(0.75, 0.95, 0.02), "your net is behind by 0.200 +- 0.040"),
    ],
)
def test_a_linear_model_is_judged_on_rows_that_were_not_trained_on(held, verdict):
    numbers = {"inputs": 64, "settled": True, "training": both(1.0, 1.0, 0.0), "held_out": held}
    lines = said("q14", **measuring("linear-probe", **numbers))
    assert "on 400 rows that neither was trained on (validation batches)" in lines[1]
    assert lines[2].startswith(verdict)


def test_with_more_inputs_than_rows_training_says_nothing():
    numbers = {"inputs": 768, "settled": True, "training": both(0.9, 1.0, 0.0)}
    lines = said("q14", **measuring("linear-probe", **numbers))
    assert len(lines) == 2
    assert "can fit anything" in lines[1]


def shifted(*rows, measure="accuracy"):
    shifts = [{"by": by, "reached": 0.5, "changed": changed} for by, changed in rows]
    numbers = {"measure": measure, "on": "validation", "images": 100, "still": 0.9}
    return said("q18", **measuring("shifts", shifts=shifts, **numbers))


def test_odd_shifts_tell_of_a_stride():
    lines = shifted((1, 0.5), (2, 0.1))
    assert lines[1] == "shifted by 1 pixel: accuracy 0.500, 50% of the predictions change"
    assert "a stride does that" in lines[3]
    assert len(shifted((1, 0.2), (2, 0.15))) == 3
    assert len(shifted((1, 0.5), (2, 0.1), measure="R^2")) == 3


def arm(name, *ends, change="", stopped=None):
    losses = [[[step, 2.0 - (2.0 - end) * (step > 79)] for step in range(100)] for end in ends]
    steps = {"steps": 100, "stopped": stopped}
    return {"name": name, "change": change, "scores": [], "losses": losses} | steps


def test_the_ways_of_setting_the_rate_are_a_table():
    arms = [
        arm("unchanged", 0.5, 0.6, 0.7),
        arm("sham", 0.52, 0.6, 0.7),
        arm("cosine-decay", 0.3, 0.4, 0.5, change="cosine from rate 0.1 to 0"),
        arm("step-decay", 0.51, 0.6, 0.69, change="rate 0.1, from 70% on 0.01"),
        arm("warm-up", stopped="a scheduler sets the rate"),
        arm("other-optimizer", 0.9, change="Adam (learning rate 0.001) instead of SGD (0.1)"),
    ]
    lines = said("q10", arms=arms)
    assert [line.split() for line in lines[1:-1]] == [
        "as it is 0.6 0.5 to 0.7".split(),
        "cosine from rate 0.1 to 0 0.4 0.3 to 0.5 lower with all 3".split(),
        "rate 0.1, from 70% on 0.01 0.6 0.51 to 0.69 within the spread".split(),
        "warm-up not tried: a scheduler sets the rate".split(),
        "matched-momentum not tried: not within the budget".split(),
        "Adam (learning rate 0.001) 0.9 1 seed higher".split(),
    ]
    assert all(line.startswith("  ") for line in lines[1:-1])
    assert max(map(len, lines[1:-1])) < 80
    assert "by up to 0.02" in lines[-1]


def test_a_way_that_diverges_is_no_number():
    broken = arm("cosine-decay", 0.3, change="cosine")
    broken["losses"][0] = broken["losses"][0][:50]
    lines = said("q10", arms=[arm("unchanged", 0.5), broken])
    assert lines[2].split() == "cosine not finite diverges".split()
    [why] = explain("q10").on(Facts({}, {"trials": "replays need Linux"}))
    assert why.endswith("not replayed: replays need Linux")
