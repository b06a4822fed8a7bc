"""Findings that are told while a training runs."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from unstuck.fit import fitting
from unstuck.fit.examples import Arrays, Examples
from unstuck.fit.live import COST, PAUSE, Live
from unstuck.records import Finding

SOFTMAX = Finding("it receives probabilities", at=3, severity="warning", check="softmax")
LINE = "warning in net since step 3: it receives probabilities (unstuck explain softmax)"


class Seen:
    """Stands in for a watched run; each look takes some seconds of its clock."""

    def __init__(self, takes=0.0):
        self.now, self.takes, self.looks, self.given = 0.0, takes, 0, ()

    @property
    def findings(self):
        self.looks += 1
        self.now += self.takes
        return self.given

    def clock(self):
        return self.now


def told(*each_look):
    """What is said when these are the findings at looks that are far apart."""
    seen, said = Seen(), []
    live = Live(seen, "net", said.append, seen.clock)
    for findings in each_look:
        seen.given = findings
        seen.now += 10
        live.look()
    return said


def test_what_stands_twice_is_told_once():
    assert told([SOFTMAX]) == []
    assert told([SOFTMAX], [SOFTMAX], [SOFTMAX], [], [SOFTMAX], [SOFTMAX]) == [LINE]


@pytest.mark.parametrize(
    "second",
    [
        [],
        [replace(SOFTMAX, message="it receives others")],
        [replace(SOFTMAX, severity="note")],
        [replace(SOFTMAX, families=("gradients", "loss"))],
    ],
)
def test_what_may_pass_is_not_told(second):
    assert told([SOFTMAX], second, [SOFTMAX], second) == []


def test_an_error_is_told_even_where_the_losses_speak_for_it():
    error = replace(SOFTMAX, severity="error", families=("loss",), at=None)
    assert told([error], [error]) == [
        "error in net: it receives probabilities (unstuck explain softmax)"
    ]


def test_looks_are_apart_and_cost_one_in_a_hundred():
    seen = Seen(takes=0.5)
    live = Live(seen, "net", print, seen.clock)
    live.look()
    assert seen.looks == 0
    for _ in range(int(20 * COST * 0.5)):
        seen.now += 0.1
        live.look()
    assert seen.looks == 2
    quick = Seen()
    live = Live(quick, "net", print, quick.clock)
    for _ in range(42):
        quick.now += PAUSE / 4
        live.look()
    assert quick.looks == 10


def test_names_cannot_move_the_cursor():
    named = replace(SOFTMAX, message="of \x1b[2J")
    assert told([named], [named]) == [LINE.replace("it receives probabilities", r"of \x1b[2J")]


@pytest.fixture(scope="module")
def examples():
    draw = np.random.default_rng(0)
    values = draw.normal(size=(200, 4))
    return Examples(Arrays(values), "the test", (values[:, 0] > 0).astype(int))


HAND = {"epochs": 6, "patience": 6, "learning_rate": 0.01}


def zeros(inputs, outputs):
    net = nn.Sequential(nn.Linear(inputs, 8), nn.ReLU(), nn.Linear(8, outputs))
    for each in net.parameters():
        nn.init.zeros_(each)
    return net


def fitted(examples, said, **hand):
    return fitting.fit(examples, hand={**HAND, **hand}, how=fitting.How(said.append))


@pytest.fixture
def hasty(monkeypatch):
    """Every epoch is looked at."""
    monkeypatch.setattr("unstuck.fit.live.PAUSE", 0.0)
    monkeypatch.setattr("unstuck.fit.live.COST", 0.0)


def test_a_fault_of_ones_own_net_is_told_while_it_trains(examples, hasty):
    said = []
    model = fitted(examples, said, model=f"{__name__}:zeros")
    [line] = [each for each in said if "unstuck explain" in each]
    assert line.startswith("error in net since step 0: 8 of 8 units of")
    assert line.endswith("(unstuck explain symmetric-units)")
    assert said.index(line) < next(i for i, each in enumerate(said) if "the net:" in each)
    assert "symmetric-units" in {each.check for each in model.run.findings}


def test_a_healthy_training_is_looked_at_without_an_alarm(examples, hasty):
    said = []
    fitted(examples, said, epochs=30, patience=30)
    assert not [each for each in said if "unstuck explain" in each]


def test_looking_changes_no_bit_of_the_training(examples, hasty, monkeypatch):
    looked = fitted(examples, []).model.state_dict()
    monkeypatch.setattr(Live, "look", lambda self: None)
    plain = fitted(examples, []).model.state_dict()
    assert all(torch.equal(each, plain[name]) for name, each in looked.items())
