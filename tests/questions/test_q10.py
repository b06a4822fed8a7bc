"""Ways to set the rate: what is said of a run, and the methods of the experiment against references."""

import pytest
import torch
from sklearn.linear_model import LinearRegression
from tests.checks.sample import gradients, optimizer, scheduler

from unstuck.questions import explain
from unstuck.questions import q10_setting_the_lr as q10
from unstuck.questions._stack import Stack, cross_entropy
from unstuck.records import Facts

QUESTION = explain("q10")


def test_it_tells_rates_momentum_and_schedule_of_a_run():
    facts = Facts(
        {
            "gradients": gradients(),
            "optimizers": [optimizer(settings={"lr": 0.1, "momentum": 0.9})],
            "schedulers": [scheduler(), scheduler("LinearLR", inner=True)],
        }
    )
    assert QUESTION.on(facts) == [
        "SGD ran with learning rate 0.1 from step 0 to step 12",
        "under a steady gradient, SGD with momentum 0.9 and learning rate 0.1 comes to step as far as "
        "without momentum at 1",
        "CosineAnnealingLR was stepped 200 times in 200 updates of SGD",
    ]


@pytest.mark.parametrize(
    "other",
    [
        optimizer("Adam", settings={"lr": 0.1}),
        optimizer("RMSprop", settings={"lr": 0.1, "momentum": 0.9}),
        optimizer(settings={"lr": 0.1, "momentum": 0.0}),
        optimizer(settings={"lr": 0.1, "momentum": 0.9}, groups=2),
    ],
)
def test_of_other_optimizers_no_momentum_is_told(other):
    assert not any("momentum" in line for line in QUESTION.on(Facts({"optimizers": [other]})))


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        ({"lr": 0.02, "momentum": 0.9}, {}),
        ({"lr": 0.02, "momentum": 0.9, "dampening": 0.5}, {}),
        ({"lr": 0.02, "momentum": 0.8, "nesterov": 1.0}, {"nesterov": True}),
    ],
)
def test_momentum_steps_as_far_as_it_is_told(settings, options):
    weight = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    weight.grad = torch.ones_like(weight)
    descent = torch.optim.SGD([weight], **(settings | options))
    for _ in range(200):
        before = weight.item()
        descent.step()
    [line] = QUESTION.on(Facts({"optimizers": [optimizer(settings=settings)]}))[1:]
    assert float(line.rpartition(" ")[2]) == pytest.approx(before - weight.item(), rel=1e-3)


def test_a_schedule_is_told_where_it_never_moved_or_was_never_stepped():
    idle = scheduler("StepLR", steps=0)
    flat = scheduler("ReduceLROnPlateau", steps=3, rates=[[0, 0.1], [90, 0.1], [180, 0.1]])
    assert QUESTION.on(Facts({"schedulers": [idle, flat]})) == [
        "StepLR was built and never stepped in 200 updates of SGD",
        "ReduceLROnPlateau was stepped 3 times in 200 updates of SGD, and the learning rate stayed at "
        "0.1",
    ]


def test_without_facts_it_is_silent_or_says_why():
    assert QUESTION.on(Facts()) == []
    assert QUESTION.on(Facts(missing={"schedulers": "none was built"})) == [
        "a schedule was not recorded: none was built"
    ]


def test_rates_fall_as_their_names_say():
    fixed, step, cosine = q10.courses(100)
    assert torch.equal(fixed, torch.ones(100))
    assert step[69] == 1
    assert step[70].item() == pytest.approx(0.1)
    weight = torch.zeros(1, requires_grad=True)
    descent = torch.optim.SGD([weight], lr=1.0)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(descent, T_max=100)
    for ours in cosine.tolist():
        assert ours == pytest.approx(descent.param_groups[0]["lr"], abs=1e-6)
        descent.step()
        theirs.step()


def test_adagrad_is_that_of_torch():
    net = Stack((6, 5, 3), (0, 1))
    copies = [each.detach().clone().requires_grad_() for each in net.parameters]
    ours, theirs = q10.Adagrad(net, torch.tensor([0.1, 0.1])), torch.optim.Adagrad(copies, lr=0.1)
    for step in range(5):
        x = torch.randn(2, 8, 6, generator=torch.Generator().manual_seed(step))
        losses = cross_entropy(net(x), torch.arange(16).view(2, 8) % 3)
        slopes = torch.autograd.grad(losses.sum(), net.parameters, retain_graph=True)
        for copy, slope in zip(copies, slopes):
            copy.grad = slope
        ours.step(losses)
        theirs.step()
    for mine, copy in zip(net.parameters, copies):
        assert torch.allclose(mine, copy, atol=1e-6)


def test_the_line_search_takes_the_first_rate_that_is_enough():
    guesses, x = torch.tensor([1e3, 1e-3]), torch.randn(1, 32, 6)
    y = x[..., :3].argmax(2)
    net, start = (Stack((6, 5, 3), (0,), arms=2) for _ in range(2))
    rates = q10.line_search(net, x, y, guesses)
    assert rates[1] == guesses[1]
    assert gains_enough(start, net, x, y, rates).all()
    start_again = Stack((6, 5, 3), (0,), arms=2)
    slopes = torch.autograd.grad(cross_entropy(start(x), y).sum(), start.parameters)
    with torch.no_grad():
        for each, slope in zip(start_again.parameters, slopes):
            each.sub_(2 * rates[:, None, None] * slope)
    assert not gains_enough(start, start_again, x, y, 2 * rates)[0]


def gains_enough(start, moved, x, y, rates):
    before = cross_entropy(start(x), y)
    slopes = torch.autograd.grad(before.sum(), start.parameters)
    squares = sum(slope.square().sum((1, 2)) for slope in slopes)
    return cross_entropy(moved(x), y) <= before - q10.SUFFICIENT * rates * squares


def test_momentum_is_compared_with_tenfold_rates():
    flat = torch.full((len(q10.RATES), 2), 0.5)
    plain, heavy = flat.clone(), flat.clone()
    plain[2:5], heavy[:3] = 0.9, 0.8
    heavy[-1] = 0.1
    names = ("step", "cosine", "Adam", "Adagrad")
    found = q10._of_rates({"fixed": plain, "momentum": heavy} | dict.fromkeys(names, flat))
    assert found["momentum_gap"].tolist() == pytest.approx([0.1, 0.1])
    assert found["raised"].tolist() == pytest.approx([0.4, 0.4])
    assert found["methods_span"].tolist() == pytest.approx([0.4, 0.4])
    assert all(q10.RATES[high] == pytest.approx(10 * q10.RATES[low]) for low, high in q10.TENFOLD)


def test_the_lowest_loss_is_that_of_scikit_learn():
    data = q10.diabetes((0,))
    fitted = LinearRegression().fit(data.x[0], data.y[0])
    error = data.y[0] - torch.tensor(fitted.predict(data.x[0]))
    assert q10._lowest(data).item() == pytest.approx(error.square().mean().item() / 2)
