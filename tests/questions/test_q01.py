import pytest
import torch
from tests.checks.sample import gradient_layer, gradient_look, gradients, loss, optimizer
from torch import nn

from unstuck.questions import explain
from unstuck.questions._quadratic import ROWS, diabetes, largest_rate, left_after, steps_to
from unstuck.records import Facts

QUESTION = explain("q01")


def rate(step, value, name="SGD"):
    return {"step": step, "optimizer": name, "rate": value}


def test_it_tells_rates_updates_and_loss_of_a_run():
    small, large = (
        gradient_layer(name, *(gradient_look(step, update=size) for step in (0, 50, 99)))
        for name, size in (("net.0", 0.0004), ("net.2", 0.02))
    )
    facts = Facts(
        {
            "gradients": gradients(small, large, rates=[rate(0, 0.1), rate(99, 0.1)]),
            "optimizers": [optimizer("SGD")],
            "loss": loss([2.3 * 0.98**step for step in range(100)]),
        }
    )
    assert QUESTION.on(facts) == [
        "SGD ran with learning rate 0.1 from step 0 to step 99",
        "one update moved a layer by between 0.0004 (net.0) and 0.02 (net.2) of its size, in the median "
        "of the looks; a rule of thumb is 0.001",
        "the loss went from 2.3 at step 0 to 0.434 (median of the last third, to step 99), and still falls",
    ]


def test_a_rate_that_is_moved_is_told_with_its_peak():
    rates = [rate(0, 0.001), rate(10, 0.1), rate(90, 0.01)]
    assert QUESTION.on(Facts({"gradients": gradients(rates=rates)})) == [
        "SGD ran with learning rate 0.001 at step 0 and 0.01 at step 90, at most 0.1 at step 10"
    ]


def test_a_loss_that_breaks_is_told_with_its_step():
    facts = Facts({"loss": loss([1.0, 2.0, float("inf"), float("nan")])})
    assert QUESTION.on(facts)[0] == "the loss was NaN or infinite from step 2 on"


def test_without_facts_it_is_silent_or_says_why():
    assert QUESTION.on(Facts()) == []
    missing = Facts(missing={"gradients": "no update seen", "loss": "no loss seen"})
    assert QUESTION.on(missing) == [
        "the sizes of updates were not recorded: no update seen",
        "the loss was not recorded: no loss seen",
    ]


def test_descent_on_the_quadratic_is_that_of_a_linear_layer():
    quadratic = diabetes([3])
    layer = nn.Linear(10, 1, bias=False).double()
    nn.init.zeros_(layer.weight)
    x, y = rows_of_seed_3()
    sgd = torch.optim.SGD(layer.parameters(), lr=50.0)
    losses = []
    for _ in range(21):
        half = (layer(x).squeeze(1) - y).square().mean() / 2
        losses.append(half.item())
        sgd.zero_grad()
        half.backward()
        sgd.step()
    lowest = torch.linalg.lstsq(x, y[:, None]).solution
    least = ((x @ lowest).squeeze(1) - y).square().mean().item() / 2
    left = left_after(quadratic, torch.tensor([[50.0]]).double(), 20).item()
    assert left == pytest.approx((losses[20] - least) / (losses[0] - least), rel=1e-9)


def rows_of_seed_3():
    import numpy as np
    from sklearn.datasets import load_diabetes

    x, y = load_diabetes(return_X_y=True)
    kept = np.random.default_rng(3).permutation(len(x))[:ROWS]
    return torch.tensor(x[kept]), torch.tensor(y[kept])


def test_the_largest_rate_is_found_without_knowing_the_eigenvalue():
    quadratic = diabetes([0], scale=3.0)
    # Fewer steps than in the experiment see a divergence later.
    found = largest_rate(quadratic, steps=200).item()
    assert found == pytest.approx(2 / quadratic.curvatures[0, -1].item(), rel=0.01)


def test_steps_are_counted_until_what_is_left_is_small_enough():
    quadratic = diabetes([0])
    rates = torch.tensor([[100.0, 0.001]]).double()
    [[needed, never]] = steps_to(quadratic, rates, 0.05, 50).tolist()
    assert left_after(quadratic, rates[:, :1], needed) <= 0.05
    assert left_after(quadratic, rates[:, :1], needed - 1) > 0.05
    assert never == 50
