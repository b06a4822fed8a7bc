"""What measurements read off a replay, against numbers that can be computed otherwise."""


import pytest
import torch
from torch import nn

from unstuck.trials.measurements import all_measurements
from unstuck.trials.replay import NotApplicable, Replay

every_measurement = pytest.mark.parametrize("name", all_measurements())


@every_measurement
def test_it_says_what_it_measures(name):
    assert all_measurements()[name].__doc__


# Sharpness.

CURVATURES = torch.tensor([4.0, 1.0, 0.25])


class Bowl(nn.Module):
    """Half the sum of squares, each by its curvature."""

    def __init__(self):
        super().__init__()
        self.weights = nn.Parameter(torch.ones(3))

    def forward(self):
        return (CURVATURES * self.weights.pow(2)).sum() / 2


def looked(build, steps=3, loss=lambda model: model()):
    """What is measured while a bowl is trained."""
    model = Bowl()
    optimizer = build(model.parameters())
    replay = Replay([model], [optimizer], steps=steps)
    all_measurements()["sharpness"](replay)
    for step in range(steps):
        optimizer.zero_grad()
        value = loss(model)
        with torch.no_grad():
            replay.differentiating(value, step)
        value.backward()
        optimizer.step()
    return replay.measured


def test_the_sharpness_of_a_quadratic_is_its_largest_curvature():
    found = looked(lambda p: torch.optim.SGD(p, lr=0.1))
    assert found["limit"] == 2.0
    assert [look["step"] for look in found["looks"]] == [0, 1, 2]
    for look in found["looks"]:
        assert look["sharpness"] == pytest.approx(4.0, rel=0.02)
        assert (look["rate"], look["settled"]) == (0.1, True)


@pytest.mark.parametrize(
    ("build", "limit"),
    [
        (lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9), 3.8),
        (lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.5, dampening=0.5), 6.0),
        (lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True), 3.8 / 2.8),
        (lambda p: torch.optim.AdamW(p, lr=0.1), 38.0),
        (lambda p: torch.optim.Adam(p, lr=0.1, betas=(0.5, 0.999)), 6.0),
    ],
)
def test_each_optimizer_has_its_limit(build, limit):
    assert looked(build)["limit"] == pytest.approx(limit)


@pytest.mark.parametrize("excess", [0.98, 1.02])
@pytest.mark.parametrize(
    ("rate", "how"),
    [
        (2.0, {}),
        (3.8, {"momentum": 0.9}),
        (6.0, {"momentum": 0.5, "dampening": 0.5}),
        (3.8 / 2.8, {"momentum": 0.9, "nesterov": True}),
    ],
)
def test_beyond_the_limit_a_quadratic_diverges(excess, rate, how):
    model = Bowl()
    optimizer = torch.optim.SGD(model.parameters(), lr=excess * rate / 4.0, **how)
    for _ in range(1000):
        optimizer.zero_grad()
        model().backward()
        optimizer.step()
    assert (model().item() < 1) == (excess < 1)


def test_weight_decay_is_part_of_what_the_optimizer_sees():
    found = looked(lambda p: torch.optim.SGD(p, lr=0.1, weight_decay=1.0))
    assert found["looks"][0]["sharpness"] == pytest.approx(5.0, rel=0.02)
    assert looked(lambda p: torch.optim.AdamW(p, lr=0.0, weight_decay=9.0))["looks"][0]["rate"] == 0


def test_adam_is_measured_by_its_estimates_and_not_before_it_has_any():
    found = looked(lambda p: torch.optim.Adam(p, lr=1e-6))
    assert [look["step"] for look in found["looks"]] == [1, 2]
    # All gradients are the curvatures: so are their roots of squares, and divided by them all is 1.
    assert found["looks"][0]["sharpness"] == pytest.approx(1 / (1 - 0.9), rel=0.02)


@pytest.mark.parametrize(
    ("build", "loss", "why"),
    [
        (torch.optim.RMSprop, lambda model: model(), "no such limit is known for RMSprop"),
        (
            lambda p: torch.optim.SGD(p, lr=0.1),
            lambda model: model().bfloat16(),
            "mixed precision",
        ),
        (
            lambda p: torch.optim.SGD(p, lr=0.1),
            lambda model: Once.apply(model.weights).pow(2).sum(),
            "not twice differentiable",
        ),
    ],
)
def test_it_says_why_there_is_no_sharpness(build, loss, why):
    with pytest.raises(NotApplicable, match=why):
        looked(build, loss=loss)


class Once(torch.autograd.Function):
    """Its gradient has none."""

    @staticmethod
    def forward(context, x):
        context.save_for_backward(x)
        return x**2

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(context, gradient):
        return 2 * context.saved_tensors[0] * gradient


def test_accumulated_gradients_are_not_held_against_the_rate():
    model = Bowl()
    replay = Replay([model], [torch.optim.SGD(model.parameters(), lr=0.1)])
    all_measurements()["sharpness"](replay)
    replay.differentiating(model(), 0)
    with pytest.raises(NotApplicable, match="several backward passes"):
        replay.differentiating(model(), 0)


def test_several_optimizers_have_no_limit_in_common():
    model = Bowl()
    both = [torch.optim.SGD(model.parameters(), lr=0.1) for _ in range(2)]
    replay = Replay([model], both)
    all_measurements()["sharpness"](replay)
    with pytest.raises(NotApplicable, match="2 optimizers"):
        replay.differentiating(model(), 0)
