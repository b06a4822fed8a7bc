import math
from dataclasses import replace

import pytest

from unstuck.records import Facts, Location
from unstuck.report import difference

from .sample import (
    CURED,
    HOSTILE,
    LEFT_OUT,
    SOFTMAX,
    STUCK,
    hostile,
    loss,
    optimizer,
    proof,
    run,
    script,
)


def told(old, new):
    return [" ".join(line.split()) for line in difference(old, new, width=400).splitlines()]


def facts(level=2.3, numel=10, **settings):
    values = [[i, level] for i in range(100)]
    return Facts(
        {
            "loss": loss(values),
            "optimizers": [optimizer(**settings)],
            "parameters": [{"numel": numel}, {"numel": numel}],
        }
    )


ALL = {"checked": ("unoptimized-parameters", "loss-not-falling", "softmax-before-cross-entropy")}


def test_findings_that_went_came_and_stayed():
    lines = told(run(replace(LEFT_OUT, symptoms=()), STUCK, **ALL), run(STUCK, SOFTMAX, **ALL))
    assert [line.split(":")[0] for line in lines[3:6]] == [
        "gone unoptimized-parameters",
        "new softmax-before-cross-entropy",
        "still loss-not-falling",
    ]


def test_a_symptom_outlives_its_cause():
    lines = told(run(LEFT_OUT, **ALL), run(STUCK, **ALL))
    assert lines[3].startswith("gone unoptimized-parameters")
    assert lines[4].startswith("still loss-not-falling")


def test_an_edited_and_moved_line_is_still_the_same_finding():
    moved = replace(STUCK, location=Location("train.py", 60, "loss = other(net(images), labels)"))
    assert told(run(STUCK), run(moved))[3].startswith("still loss-not-falling")


def test_two_findings_of_one_check_are_told_apart_by_their_code():
    first = replace(SOFTMAX, message="first", location=Location("a.py", 1, "one"))
    second = replace(SOFTMAX, message="second", location=Location("a.py", 2, "two"))
    lines = told(run(first, second, **ALL), run(second, **ALL))
    assert "gone" in lines[3]
    assert "first" in lines[3]
    assert "still" in lines[4]
    assert "second" in lines[4]


def test_a_finding_is_not_gone_when_nobody_looked():
    lines = told(run(STUCK), run(checked=(), not_checked={"loss-not-falling": "too short"}))
    assert lines[3].startswith("unknown not checked again (too short): loss-not-falling")
    unheard = told(run(STUCK), run(checked=(), not_checked={}))
    assert unheard[3].startswith("unknown not checked again (the newer run did not make")


def test_a_finding_is_not_gone_when_a_comment_hides_it():
    assert told(run(STUCK), run(ignored=(STUCK,)))[3].startswith("ignored loss-not-falling")


def test_a_verdict_that_changed():
    open_ = replace(STUCK, proof=proof(reason="no time was left"))
    ruled_out = replace(STUCK, status="rejected", proof=proof(reason="it changed nothing"))
    by_another = replace(CURED, proof=proof(remedy="redraw-initialisation"))
    for old, new, said in [
        (STUCK, CURED, "unproven -> proven by lower-learning-rate: with one change, learning rate"),
        (CURED, open_, "proven by lower-learning-rate -> unproven: no time was left"),
        (open_, ruled_out, "unproven -> ruled out: it changed nothing"),
        (CURED, STUCK, "proven by lower-learning-rate -> unproven"),
        (
            CURED,
            by_another,
            "proven by lower-learning-rate -> proven by redraw-initialisation: with",
        ),
    ]:
        lines = told(run(old), run(new))
        assert lines[3].startswith("still loss-not-falling")
        assert lines[4].startswith(f"verdict {said}")


def test_a_verdict_that_did_not_change_is_not_told_nor_one_of_a_new_finding():
    other = replace(CURED, proof=proof(gain=0.5))
    for old, new in [(CURED, other), (STUCK, STUCK), (SOFTMAX, CURED)]:
        assert not any(line.startswith("verdict") for line in told(run(old), run(new)))


def test_numbers_that_changed():
    old = run(facts=facts(lr=0.1, momentum=0.9))
    new = run(
        facts=facts(0.12, 645, lr=0.01, momentum=0.9),
        script=script(steps=400, batch=128),
        versions=old.versions | {"torch": "2.14.0"},
    )
    assert told(old, new)[5:] == [
        "lr 0.1 -> 0.01",
        "batch 64 -> 128",
        "effective batch 64 -> 128",
        "steps 200 -> 400",
        "loss at the end 2.3 -> 0.12",
        "parameters 20 -> 1,290",
        "torch 2.13.0 -> 2.14.0",
    ]


def test_settings_are_told_in_one_order():
    old, new = {f"s{i}": 0.0 for i in range(9)}, {f"s{i}": 1.0 for i in range(9)}
    lines = told(run(facts=facts(**old)), run(facts=facts(**new)))
    assert lines[5:] == [f"s{i} 0 -> 1" for i in range(9)]


def test_another_optimizer_is_told_without_its_settings():
    old = run(facts=Facts({"optimizers": [optimizer("SGD", lr=0.1)]}))
    new = run(facts=Facts({"optimizers": [optimizer("Adam", lr=0.001), optimizer("SGD", lr=1.0)]}))
    lines = told(old, new)
    assert "optimizer SGD -> Adam" in lines
    assert "lr 0.1 -> 0.001" in lines
    assert "optimizer not recorded -> SGD" in lines


def test_a_loss_that_ends_as_nan_is_called_so():
    broken = run(facts=Facts({"loss": loss([[0, 1.0], [1, math.nan]])}))
    assert "loss at the end NaN -> not recorded" in told(broken, run(facts=Facts()))


def test_nothing_changed():
    lines = told(run(), run())
    assert lines[3] == "No finding in either run."
    assert lines[5] == "No setting and no number that was recorded changed."


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_a_run_commands_the_terminal(text):
    for pair in ((run(), hostile(text)), (hostile(text), run()), (hostile(text), hostile("x"))):
        made = difference(*pair, width=80)
        assert all(c == "\n" or c.isprintable() for c in made)
