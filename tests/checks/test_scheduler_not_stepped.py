import pytest

from unstuck.checks import NotChecked
from unstuck.checks.scheduler_not_stepped import scheduler_not_stepped

from .sample import data, ending, facts, scheduler, validation


def found(*schedulers, ended="stopped", **families):
    return scheduler_not_stepped(
        facts(schedulers=list(schedulers), ending=ending(ended), **families)
    )


def test_fires_after_an_epoch():
    [finding] = found(scheduler(steps=0, epochs=1))
    assert finding.severity == "warning"
    assert finding.message.startswith("CosineAnnealingLR was never stepped in 200 updates of SGD")


def test_fires_at_the_end_of_the_script():
    assert len(found(scheduler(steps=0, epochs=0), ended="finished")) == 1


def test_fires_where_each_step_sees_the_whole_data():
    whole = data(updates_per_epoch=1)
    assert len(found(scheduler(steps=0, epochs=0), data=whole)) == 1


@pytest.mark.parametrize(
    "healthy", [scheduler(), scheduler(steps=3), scheduler(steps=0, inner=True)]
)
def test_stays_quiet(healthy):
    assert found(healthy) == []


@pytest.mark.parametrize(
    ("unclear", "why"),
    [
        (scheduler(steps=0, epochs=0), "no epoch had ended"),
        (scheduler("ReduceLROnPlateau", steps=0, epochs=1), "no epoch had ended"),
        (scheduler(steps=0, updates=3), "3 updates, 24 needed"),
        (scheduler(steps=0, updates=0), "0 updates"),
    ],
)
def test_says_why_it_cannot_judge(unclear, why):
    with pytest.raises(NotChecked, match=why):
        found(unclear)


def test_a_schedule_for_hundreds_of_steps_counts_updates_where_evaluations_passed():
    long = scheduler(steps=0, epochs=0, settings={"T_max": 800.0})
    assert len(found(long, validation={**validation(), "seen": 4})) == 1
    short = scheduler(steps=0, epochs=0, settings={"T_max": 30.0})
    for each, seen in ((short, 4), (long, 1)):
        with pytest.raises(NotChecked, match="no epoch had ended"):
            found(each, validation={**validation(), "seen": seen})
