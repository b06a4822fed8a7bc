import pytest
import torch
from torch import nn
from torch.nn import functional

from unstuck.trials.changes import all_changes
from unstuck.trials.replay import NotApplicable, Replay

torch.manual_seed(0)
x = torch.randn(12, 4)


def value(loss):
    return float(loss.detach())


def net(outputs, *last):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, outputs), *last)


def run(live, change, model, loss):
    """The loss of the first step, after the change."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    live(model, optimizer, x, change=change)
    first = loss(model(x))
    first.backward()
    optimizer.step()
    return value(first)


numbers = torch.randn(12, 1) * 5


@pytest.mark.parametrize("last", [nn.Sigmoid(), nn.Tanh(), nn.ReLU(), nn.Softplus(), nn.Softmax(1)])
@pytest.mark.parametrize("loss", [functional.mse_loss, functional.l1_loss])
def test_an_output_that_cannot_reach_the_targets_loses_its_activation(live, last, loss):
    name = loss.__name__
    expected = value(loss(net(1)(x), numbers))
    seen = run(
        live,
        "fit-output-to-targets",
        net(1, last),
        lambda p: getattr(functional, name)(p, numbers),
    )
    assert seen == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("last", "target"),
    [([nn.Sigmoid()], numbers.sigmoid()), ([nn.ReLU()], numbers.abs()), ([], numbers)],
)
def test_an_output_that_reaches_them_stays(live, last, target):
    with pytest.raises(NotApplicable):
        run(live, "fit-output-to-targets", net(1, *last), lambda p: functional.mse_loss(p, target))


classes = torch.arange(12) % 3
one_hot = functional.one_hot(classes, 3).float()
several = torch.tensor([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]]).repeat(6, 1)


@pytest.mark.parametrize(
    ("last", "loss", "target", "expected"),
    [
        (
            [nn.Sigmoid()],
            "binary_cross_entropy",
            one_hot,
            lambda z: functional.cross_entropy(z, classes),
        ),
        (
            [],
            "binary_cross_entropy_with_logits",
            one_hot,
            lambda z: functional.cross_entropy(z, classes),
        ),
        ([], "mse_loss", one_hot, lambda z: functional.cross_entropy(z, classes)),
        ([nn.Softmax(1)], "mse_loss", one_hot, lambda z: functional.cross_entropy(z, classes)),
        (
            [],
            "cross_entropy",
            several,
            lambda z: functional.binary_cross_entropy_with_logits(z, several),
        ),
        (
            [],
            "cross_entropy",
            several / 2,
            lambda z: functional.binary_cross_entropy_with_logits(z, several),
        ),
        (
            [nn.Sigmoid()],
            "mse_loss",
            several,
            lambda z: functional.binary_cross_entropy_with_logits(z, several),
        ),
        (
            [],
            "binary_cross_entropy_with_logits",
            2 * several - 1,
            lambda z: functional.binary_cross_entropy_with_logits(z, several),
        ),
    ],
)
def test_the_loss_becomes_the_one_for_its_targets(live, last, loss, target, expected):
    wanted = value(expected(net(3)(x)))
    seen = run(
        live,
        "fit-loss-to-targets",
        net(3, *last),
        lambda p: getattr(functional, loss)(p, target),
    )
    assert seen == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize(
    ("outputs", "loss", "target"),
    [
        (3, "cross_entropy", classes),
        (3, "cross_entropy", one_hot),
        (3, "cross_entropy", one_hot * 0.9 + 0.1 / 3),
        (3, "binary_cross_entropy_with_logits", several),
        (1, "mse_loss", numbers),
        (1, "mse_loss", classes.float()[:, None]),
    ],
)
def test_a_loss_that_fits_or_cannot_be_made_to_fit_stays(live, outputs, loss, target):
    with pytest.raises(NotApplicable):
        run(
            live,
            "fit-loss-to-targets",
            net(outputs),
            lambda p: getattr(functional, loss)(p, target),
        )


rare = torch.tensor([0] * 9 + [1] * 3)


def test_a_rare_class_is_weighed_in_training_only(live):
    model = net(2)
    weight = torch.tensor([1.0, 3.0**0.5])
    wanted = value(functional.cross_entropy(model(x), rare, weight))
    plain = value(functional.cross_entropy(model(x), rare))
    seen = run(live, "weigh-classes", model, lambda p: functional.cross_entropy(p, rare))
    assert seen == pytest.approx(wanted)
    with torch.no_grad():
        after = float(functional.cross_entropy(net(2)(x), rare))
    assert after == pytest.approx(plain)


@pytest.mark.parametrize("last", [[], [nn.Sigmoid()]])
def test_a_rare_yes_is_weighed(live, last):
    name = "binary_cross_entropy" + ("" if last else "_with_logits")
    each = getattr(functional, name)(net(1, *last)(x), rare.float()[:, None], reduction="none")
    weight = torch.where(rare == 1, 3.0**0.5, 1.0)[:, None]  # 9 no, 3 yes
    seen = run(
        live,
        "weigh-classes",
        net(1, *last),
        lambda p: getattr(functional, name)(p, rare.float()[:, None]),
    )
    assert seen == pytest.approx(value((each * weight).mean()))


@pytest.mark.parametrize(
    "loss",
    [
        lambda p: functional.cross_entropy(p, rare, weight=torch.ones(2)),
        lambda p: functional.mse_loss(p, rare.float()[:, None].expand(12, 2)),
    ],
)
def test_weighed_already_or_no_classes(live, loss):
    with pytest.raises(NotApplicable):
        run(live, "weigh-classes", net(2), loss)


class ByHand(nn.Module):
    def __init__(self):
        super().__init__()
        plain = net(2)
        self.body, self.weight, self.bias = plain[:2], plain[2].weight, plain[2].bias

    def forward(self, x):
        return self.body(x) @ self.weight.T + self.bias


@pytest.mark.parametrize("make", [lambda: net(2), ByHand, lambda: net(2, nn.LogSoftmax(1))])
def test_the_output_bias_begins_at_the_prior(live, make):
    model = make()
    bias = [p for p in model.parameters() if p.shape == (2,)][-1]
    name = "nll_loss" if len(list(model.children())) == 4 else "cross_entropy"
    prior = torch.tensor([10 / 14, 4 / 14]).log()
    wanted = value(functional.cross_entropy(net(2)(x) + prior - net(2)[2].bias.detach(), rare))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    live(model, optimizer, x, change="output-bias-to-prior")
    first = getattr(functional, name)(model(x), rare)
    assert value(first) == pytest.approx(wanted, rel=1e-5)
    first.backward()
    optimizer.step()
    assert torch.allclose(bias.detach(), prior)
    getattr(functional, name)(model(x), torch.ones(12).long())
    assert torch.allclose(bias.detach(), torch.tensor([10 / 26, 16 / 26]).log())


def test_one_output_begins_at_the_log_odds(live):
    model = net(1)
    target = rare.float()[:, None]
    run(
        live,
        "output-bias-to-prior",
        model,
        lambda p: functional.binary_cross_entropy_with_logits(p, target) * 0,
    )
    assert float(model[2].bias.detach()) == pytest.approx(float(torch.tensor(4 / 10).log()))


def test_there_is_no_bias():
    model = nn.Sequential(nn.Linear(4, 2, bias=False))
    with pytest.raises(NotApplicable):
        all_changes()["output-bias-to-prior"](Replay([model], [], arguments=(x,)))


def test_numbers_have_no_prior(live):
    with pytest.raises(NotApplicable):
        run(live, "output-bias-to-prior", net(1), lambda p: functional.mse_loss(p, numbers))


def test_bad_inputs_are_zero_and_rows_with_bad_targets_left_out(live):
    bad, target = x.clone(), numbers.clone()
    bad[0, 0], bad[1, 1], target[2] = float("nan"), float("inf"), float("nan")
    good = bad.nan_to_num(0.0, 0.0, 0.0)
    model = net(1)
    kept = torch.arange(12) != 2
    wanted = value(functional.mse_loss(model(good)[kept], target[kept]))
    live(model, torch.optim.SGD(model.parameters(), lr=0.1), bad, change="clean-inputs")
    assert value(functional.mse_loss(model(bad), target)) == pytest.approx(wanted)


def test_a_mask_of_minus_infinity_is_meant(live):
    class Masked(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, x, mask):
            self.mask = mask
            return self.layer(x)

    mask = torch.tensor([[0.0, float("-inf")]])
    model = Masked()
    live(model, [], x, change="clean-inputs", keywords={"mask": mask})
    model(x, mask=mask)
    assert torch.equal(model.mask, mask)


class Logarithms(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.zeros(3))

    def forward(self, x):
        return torch.log(self.scale) + self.scale.sqrt() + 1 / self.scale + x / self.scale


def test_what_is_infinite_at_zero_is_kept_away(live):
    model = Logarithms()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    live(model, optimizer, torch.ones(3), change="keep-in-domain")
    loss = model(torch.ones(3)).sum()
    loss.backward()
    assert bool(torch.isfinite(loss.detach()))
    assert bool(torch.isfinite(model.scale.grad).all())


def test_nothing_is_infinite_at_zero(live):
    with pytest.raises(NotApplicable):
        run(live, "keep-in-domain", net(1), lambda p: functional.mse_loss(p, numbers))


def test_images_are_shifted_by_two_pixels_when_the_model_is_scored():
    images = torch.rand(64, 1, 8, 8)
    model = nn.Identity()
    replay = Replay([model], [], arguments=(images,))
    state = torch.get_rng_state()
    all_changes()["shifted-inputs"](replay)
    replay.called(model, (images,), {})
    assert torch.equal(model(images), images)
    with torch.no_grad():
        replay.called(model, (images,), {})
        assert torch.equal(model(images), images)  # a validation of the script
        shifted = model(images)
    assert torch.equal(state, torch.get_rng_state())
    ways = [(2, 0), (-2, 0), (0, 2), (0, -2)]
    found = [
        [way for way in ways if torch.equal(row, image.roll(way, (-2, -1)))]
        for row, image in zip(shifted, images, strict=True)
    ]
    assert all(len(each) == 1 for each in found)
    assert {each[0] for each in found} == set(ways)


def test_rows_are_no_images():
    with pytest.raises(NotApplicable):
        all_changes()["shifted-inputs"](Replay([net(1)], [], arguments=(x,)))
