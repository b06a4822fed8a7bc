import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import StepLR
from torch.optim.optimizer import register_optimizer_step_pre_hook

from unstuck.trials.changes import all_changes
from unstuck.trials.replay import NotApplicable, Replay

torch.manual_seed(0)
x, y = torch.randn(16, 4), torch.randn(16, 1)


def net(rate=0.1, momentum=0.0):
    torch.manual_seed(0)
    model = nn.Linear(4, 1)
    return model, torch.optim.SGD(model.parameters(), lr=rate, momentum=momentum)


def train(model, optimizer, steps=3, scheduler=None):
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()
        if scheduler:
            scheduler.step()
    return [p.detach().clone() for p in model.parameters()]


def same(a, b):
    return all(torch.equal(one, two) for one, two in zip(a, b, strict=True))


@pytest.mark.parametrize(
    ("change", "words", "rate"),
    [
        ("lower-learning-rate", "learning rate 0.1 to 0.01", 0.1 * (0.01 / 0.1)),
        ("raise-learning-rate", "learning rate 0.1 to 1", 1.0),
        ("sham", "learning rate 0.1 to 0.103", 0.1 * (0.1 * 1.03 / 0.1)),
    ],
)
def test_the_run_is_as_if_the_script_had_that_rate(live, change, words, rate):
    plain = train(*net(rate))
    model, optimizer = net()
    replay = live(model, optimizer, x, change=change)
    changed = train(model, optimizer)
    assert replay.words == [words]
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(changed, plain, strict=True))
    assert optimizer.param_groups[0]["lr"] == 0.1


@pytest.mark.parametrize(
    ("change", "measured", "words"),
    [
        ("lower-learning-rate", 0.05, "learning rate 0.1 to 0.05"),
        ("lower-learning-rate", 0.06, "learning rate 0.1 to 0.01"),
        ("lower-learning-rate", 3.0, "learning rate 0.1 to 0.01"),
        ("raise-learning-rate", 3.0, "learning rate 0.1 to 3"),
        ("raise-learning-rate", 0.15, "learning rate 0.1 to 1"),
    ],
)
def test_a_measured_rate_is_used_if_it_lies_on_the_right_side(live, change, measured, words):
    model, optimizer = net()
    assert live(model, optimizer, x, change=change, measured_rate=measured).words == [words]


def test_a_scheduler_goes_on_from_its_own_rate(live):
    model, optimizer = net(0.01)
    plain = train(model, optimizer, scheduler=StepLR(optimizer, 1, 0.5))
    model, optimizer = net()
    schedule = StepLR(optimizer, 1, 0.5)
    live(model, optimizer, x, change="lower-learning-rate")
    changed = train(model, optimizer, scheduler=schedule)
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(changed, plain, strict=True))


def test_two_changes_of_the_rate_multiply_and_are_both_taken_back(live):
    model, optimizer = net()
    live(model, optimizer, x, change=["lower-learning-rate", "sham"])
    used = []
    handle = register_optimizer_step_pre_hook(lambda o, *_: used.append(o.param_groups[0]["lr"]))
    train(model, optimizer, 2)
    handle.remove()
    assert used == pytest.approx([0.0103, 0.0103])
    assert optimizer.param_groups[0]["lr"] == 0.1


def test_without_an_optimizer_there_is_no_rate():
    with pytest.raises(NotApplicable):
        all_changes()["lower-learning-rate"](Replay([nn.Linear(4, 1)], []))


def test_a_change_is_made_once(live):
    model, optimizer = net()
    replay = live(model, optimizer, x, change="lower-learning-rate")
    with pytest.raises(NotApplicable):
        all_changes()["lower-learning-rate"](replay)


def used(live, change, optimizer, steps=10):
    """The rates of the updates of a replay of so many steps."""
    seen = []
    model = nn.Linear(4, 1)
    optimizer = optimizer(model.parameters())
    replay = live(model, optimizer, x, change=change, steps=steps)
    replay.before_update(lambda each: seen.append(each.param_groups[0]["lr"]))
    train(model, optimizer, steps)
    assert optimizer.param_groups[0]["lr"] == 0.1
    return seen


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.1)


@pytest.mark.parametrize(
    ("change", "first", "middle", "last"),
    [
        ("cosine-decay", 0.0976, 0.05, 0.0),
        ("step-decay", 0.1, 0.1, 0.01),
        ("warm-up", 0.05, 0.1, 0.1),
    ],
)
def test_a_course_lasts_as_long_as_the_replay(live, change, first, middle, last):
    steps = 20 if change == "warm-up" else 10
    rates = used(live, change, sgd, steps)
    assert len(rates) == steps
    ends = (rates[0], rates[steps // 2 - 1], rates[-1])
    assert ends == pytest.approx((first, middle, last), abs=1e-4)


def test_a_course_does_not_fight_with_a_scheduler(live):
    model, optimizer = net()
    StepLR(optimizer, 1)
    with pytest.raises(NotApplicable, match="a scheduler sets"):
        live(model, optimizer, x, change="cosine-decay")


@pytest.mark.parametrize(
    ("before", "rate", "words"),
    [(0.0, 0.01, "momentum 0.9, rate 0.01"), (0.9, 1.0, "momentum 0, rate 1")],
)
def test_momentum_is_exchanged_at_the_same_rate_in_all(live, before, rate, words):
    plain = train(*net(rate, momentum=0.9 - before))
    model, optimizer = net(momentum=before)
    replay = live(model, optimizer, x, change="matched-momentum")
    changed = train(model, optimizer)
    assert replay.words == [words]
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(changed, plain, strict=True))


def test_momentum_is_not_given_to_adam(live):
    model, _ = net()
    with pytest.raises(NotApplicable, match="gradient descent"):
        live(model, torch.optim.Adam(model.parameters()), x, change="matched-momentum")
