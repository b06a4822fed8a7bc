"""What measurements read off a replay, against numbers that can be computed otherwise."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from unstuck.trials.batches import Batch, Ended, Path
from unstuck.trials.measurements import all_measurements
from unstuck.trials.measurements.shifts import shifted
from unstuck.trials.replay import LossCall, NotApplicable, Replay

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


# What a linear model reaches, and what a shift does.

WHOLE = Path((), torch.Size(), (), 0)


def batch(model, x, y, function="cross_entropy", back=None):
    """A batch that the model was called with."""
    return Batch(model, (x,), {}, WHOLE, LossCall(function, torch.empty(0), y), back)


def asked(each):
    """The loss call on a batch, as the model predicts it now."""
    call = each.call
    return LossCall(call.function, each.module(*each.arguments).detach(), call.target)


def measured(name, training, validation=()):
    """What is measured at the end of a replay that kept these batches."""
    first = training[0]
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    replay = Replay([first.module], [optimizer], arguments=first.arguments)
    all_measurements()[name](replay)
    with torch.no_grad():
        replay.ended(Ended(training, list(validation), asked))
    return replay.measured


class Knowing(nn.Module):
    """It knows the answer to what lies in four corners: that of exclusive or."""

    def forward(self, x):
        odd = (x[:, 0] * x[:, 1] < 0).float()
        return torch.stack([1 - odd, odd], 1)


def corners(rows, seed=0):
    x = torch.randn(rows, 2, generator=torch.Generator().manual_seed(seed))
    return x, (x[:, 0] * x[:, 1] < 0).long()


def test_a_linear_model_fails_where_no_line_separates():
    found = measured("linear-probe", [batch(Knowing(), *corners(400))])
    trained = found["training"]
    assert (trained["measure"], trained["rows"], trained["net"]) == ("accuracy", 400, 1.0)
    assert trained["linear"] < 0.75
    assert trained["ahead"] == pytest.approx(1 - trained["linear"])
    share = trained["linear"]
    assert trained["error"] == pytest.approx(math.sqrt(share * (1 - share) / 400), rel=1e-4)
    assert "held_out" not in found


@pytest.mark.parametrize(
    ("function", "target"),
    [
        ("cross_entropy", lambda x: (x[:, 0] > 0).long()),
        ("nll_loss", lambda x: (x[:, 0] > 0).long()),
        ("binary_cross_entropy_with_logits", lambda x: (x > 0).float()),
        ("binary_cross_entropy", lambda x: (x > 0).float()),
        ("mse_loss", lambda x: x @ torch.tensor([[2.0, 0.0], [1.0, -3.0]]) + 5),
    ],
)
def test_a_linear_model_is_fitted_by_the_loss_of_the_run(function, target):
    x, _ = corners(400)
    found = measured("linear-probe", [batch(nn.Softmax(1), 9 * x + 4, target(x), function)])
    assert found["training"]["linear"] > 0.97
    assert found["settled"]


def test_rows_kept_back_are_not_fitted_and_each_row_counts_once():
    x, y = corners(300)
    back = torch.arange(300) % 3 == 0
    training = [batch(Knowing(), x, y, back=back), batch(Knowing(), x, y, back=back)]
    found = measured("linear-probe", training)
    assert (found["training"]["rows"], found["held_out"]["rows"]) == (200, 100)
    assert found["held_out"]["on"] == "rows kept back"
    found = measured("linear-probe", training, [batch(Knowing(), *corners(50, 1))])
    assert (found["held_out"]["rows"], found["held_out"]["on"]) == (50, "validation batches")


def test_a_linear_model_needs_numbers_and_a_prediction_for_each_sample():
    words = batch(nn.Embedding(9, 2), torch.arange(8), torch.arange(8) % 2)
    with pytest.raises(NotApplicable, match="real numbers"):
        measured("linear-probe", [words])
    x, y = corners(8)
    several = batch(nn.Unflatten(1, (2, 1)), x, y[:, None])
    many = Batch(several.module, (x,), {}, WHOLE, LossCall("mse_loss", x, y.repeat(2)), None)
    with pytest.raises(NotApplicable, match="each sample"):
        measured("linear-probe", [many])


class Brightest(nn.Module):
    """Which quarter of the image is the brightest, sampled at every ``stride``-th pixel."""

    def __init__(self, stride=1):
        super().__init__()
        self.stride = stride

    def forward(self, x):
        pools = functional.adaptive_max_pool2d(x[..., :: self.stride, :: self.stride], 2)
        return pools.flatten(1)


def spots(places, side=16):
    """Black images with one white pixel each."""
    x = torch.zeros(len(places), 1, side, side)
    for image, (row, column) in zip(x, places, strict=True):
        image[0, row, column] = 1.0
    return x


def test_a_stride_shows_in_odd_shifts():
    x = spots([(4, 4), (4, 12), (12, 4), (12, 12)] * 6)
    found = measured("shifts", [batch(Brightest(2), x, torch.arange(24) % 4)])
    assert (found["on"], found["images"], found["still"]) == ("training", 24, 1.0)
    # At odd places nothing is seen, and the first quarter is named.
    wanted = [(1, 0.25, 0.75), (2, 1.0, 0.0), (3, 0.25, 0.75)]
    assert [tuple(each.values()) for each in found["shifts"][:3]] == wanted


def test_small_images_are_shifted_by_one_and_two_and_validation_comes_first():
    x = spots([(3, 3), (3, 6), (6, 3), (6, 6)], side=9)
    wrong = batch(Brightest(), x, (torch.arange(4) + 1) % 4)
    found = measured("shifts", [wrong], [batch(Brightest(), x, torch.arange(4))])
    assert (found["on"], found["still"]) == ("validation", 1.0)
    assert [each["by"] for each in found["shifts"]] == [1, 2]


def test_a_shift_moves_everything_and_repeats_the_edge():
    x = torch.arange(36.0).reshape(1, 1, 6, 6)
    moved = shifted(x, 1, -2)
    assert torch.equal(moved[0, 0, 1:, :4], x[0, 0, :5, 2:])
    assert torch.equal(moved[0, 0, 0], moved[0, 0, 1])
    assert torch.equal(moved[..., 4], moved[..., 5])


def test_only_images_are_shifted():
    with pytest.raises(NotApplicable, match="batch of images"):
        measured("shifts", [batch(Knowing(), *corners(8))])
