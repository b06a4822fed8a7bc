import math

import pytest

from unstuck.checks.scheduler_wrong_cadence import scheduler_wrong_cadence

from .sample import data, ending, facts, scheduler


def found(*schedulers, **families):
    return scheduler_wrong_cadence(
        facts(schedulers=list(schedulers), ending=ending("stopped"), **families)
    )


def step_lr(size, gamma, updates=200):
    return [[at, 0.1 * gamma ** (at // size)] for at in range(0, updates, 5)]


def cosine(horizon, updates=200):
    return [[at, 0.05 * (1 + math.cos(math.pi * at / horizon))] for at in range(0, updates + 1, 5)]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (scheduler(settings={"T_max": 10.0}, per_epoch=64), "lies within an epoch of 64"),
        (scheduler(settings={"T_max": 100.0}, per_epoch=None), "the learning rate rises again"),
        (
            scheduler("StepLR", settings={}, rates=step_lr(5, 0.1), per_epoch=64),
            "from update 15 on",
        ),
        (scheduler("StepLR", settings={}, rates=step_lr(10, 0.1), per_epoch=None), "below 0.001"),
        (
            scheduler("OneCycleLR", steps=3, settings={"total_steps": 500.0}),
            "total_steps=500 counts updates",
        ),
        (scheduler(steps=3, settings={"T_max": 1000.0}), "is stepped once an epoch"),
    ],
)
def test_fires(wrong, words):
    [finding] = found(wrong)
    assert finding.severity == "warning"
    assert words in finding.message


@pytest.mark.parametrize(
    "healthy",
    [
        scheduler(),
        scheduler(rates=cosine(200)),
        scheduler(settings={"T_max": 2000.0}),
        scheduler(steps=3, settings={"T_max": 100.0}),
        scheduler("StepLR", steps=3, settings={}, rates=step_lr(100, 0.1)),
        scheduler("StepLR", settings={}, rates=step_lr(90, 0.1)),
        scheduler("LambdaLR", settings={}, per_epoch=200),
        scheduler("ReduceLROnPlateau", steps=3, settings={}),
        scheduler("OneCycleLR", settings={"total_steps": 500.0}),
        scheduler(settings={"T_max": 10.0}, updates=12, steps=12),
        scheduler(settings={"T_max": 10.0}, inner=True),
        scheduler(steps=0),
    ],
)
def test_stays_quiet(healthy):
    assert found(healthy) == []


def test_where_an_epoch_is_one_update_there_is_no_difference():
    wrong = scheduler("StepLR", settings={}, rates=step_lr(30, 0.05), per_epoch=None)
    assert found(wrong, data=data(updates_per_epoch=1)) == []


def test_one_cycle_that_is_stepped_seldom_needs_no_loader():
    cycle = {"settings": {"total_steps": 320.0}, "per_epoch": None, "epochs": 0}
    [finding] = found(scheduler("OneCycleLR", steps=5, **cycle))
    assert "5 times in 200 updates" in finding.message
    assert found(scheduler("OneCycleLR", steps=200, **cycle)) == []
    short = {**cycle, "settings": {"total_steps": 30.0}}
    assert found(scheduler("OneCycleLR", steps=5, **short)) == []
