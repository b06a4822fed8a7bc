"""What is shown while a fit runs: what is trained, and how long it takes at most."""

import pytest

from unstuck.fit.progress import Epoch, Progress
from unstuck.fit.schedule import Schedule


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def schedule():
    made = Schedule("reading x.csv", clock=Clock())
    made.plan(["linear", "linear-weighed", "net", "net-weighed"])
    return made


def trained(schedule, steps, of=100, pace=1.0, first=1):
    for step in range(first, steps + 1):
        schedule.clock.now += pace
        schedule.stepped(Progress(step, of), an_epoch=10)


def test_before_anything_is_trained_nobody_knows_how_long_it_takes(schedule):
    assert schedule.left() is None
    schedule.begins("linear")
    assert schedule.left() is None
    assert str(schedule) == "linear: measuring the learning rate, then 3 more"


def test_what_is_left_is_this_training_and_the_others_of_the_same_model(schedule):
    schedule.begins("linear")
    trained(schedule, 40)
    assert schedule.left() == pytest.approx(60 + 100)
    assert schedule.unknown() == ("net", "net-weighed")
    assert str(schedule) == "linear: epoch 4/10, at most 2:40, then 2 more"


def test_the_slower_net_is_measured_by_itself(schedule):
    schedule.begins("linear")
    trained(schedule, 100)
    schedule.begins("net")
    assert (schedule.left(), schedule.rest()) == (None, "then net-weighed")
    trained(schedule, 50, pace=8.0)
    assert schedule.left() == pytest.approx(400 + 800)
    assert schedule.rest() == "at most 20:00"
    schedule.begins("net-weighed")
    trained(schedule, 90, pace=360.0)
    assert schedule.rest() == "at most 1:00:00"


def test_a_training_that_goes_on_is_measured_from_where_it_does(schedule):
    schedule.begins("linear")
    trained(schedule, 90, first=81)
    assert schedule.left() == pytest.approx(10 + 100)


def test_a_training_that_went_back_is_measured_anew(schedule):
    schedule.begins("linear")
    trained(schedule, 50)
    trained(schedule, 25, pace=2.0, first=21)
    assert schedule.left() == pytest.approx(150 + 200)


def test_members_take_as_long_as_the_first_of_them(schedule):
    schedule.plan(["linear", "linear.2", "net", "net-pieces", "net.2"])
    schedule.begins("linear")
    trained(schedule, 40)
    assert schedule.left() == pytest.approx(60 + 100)
    assert schedule.unknown() == ("net", "net-pieces", "net.2")
    schedule.begins("linear.2")
    trained(schedule, 50)
    assert str(schedule) == "linear.2: epoch 5/10, at most 0:50, then 3 more"
    schedule.begins("net")
    trained(schedule, 50, pace=2.0)
    assert schedule.left() == pytest.approx(100 + 2 * 200)


def test_an_unplanned_training_is_shown_as_well(schedule):
    schedule.plan(["linear", "net"])
    schedule.begins("another")
    trained(schedule, 50)
    assert str(schedule) == "another: epoch 5/10, at most 0:50, then 2 more"


def test_of_two_trainings_of_one_name_one_is_still_to_come(schedule):
    schedule.plan(["frozen", "frozen", "fine-tuned"])
    schedule.begins("frozen")
    schedule.begins("frozen")
    assert schedule.coming == ("frozen", "fine-tuned")
    schedule.now("judging")
    schedule.begins("frozen")
    assert schedule.coming == ("fine-tuned",)


def test_losses_are_those_of_the_last_epoch(schedule):
    schedule.begins("net")
    schedule.stepped(Progress(21, 100, [Epoch(2, 0.5, 0.75, 0.1, 1.0)]), an_epoch=10)
    assert schedule.doing == "net: epoch 3/10, loss 0.500, held-out 0.750"
