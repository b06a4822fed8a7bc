import pytest

from unstuck.checks import NotChecked
from unstuck.checks.learning_rate_suspect import learning_rate_suspect

from .sample import (
    facts,
    gradient_layer,
    gradient_look,
    gradients,
    loss,
    loss_call,
    optimizer,
    series,
)

FLAT = [2.3 + 0.001 * (step % 2) for step in range(60)]
FALLING = [2.3 * 0.95**step for step in range(60)]


def seen(update, losses, *, grows=1.0, gradient=0.1, **changes):
    looks = [
        gradient_look(step, gradient, update=update * grows**step)
        for step in (0, 1, 2, 3, 9, 30, 59)
    ]
    layers = [gradient_layer(f"net.{n}", *looks) for n in range(3)]
    made = {
        "gradients": gradients(*layers, **changes),
        "loss": loss(losses),
        "loss_calls": [loss_call(values=series(losses))],
    }
    return facts(**made)


def test_fires_on_a_rate_that_is_too_high():
    [finding] = learning_rate_suspect(seen(2.0, [2.3, *[9.0] * 59]))
    assert "too high" in finding.message
    assert finding.remedies == ("lower-learning-rate",)


def test_fires_on_a_rate_that_is_too_low():
    [finding] = learning_rate_suspect(seen(1e-7, FLAT))
    assert "too low" in finding.message
    assert finding.remedies == ("raise-learning-rate",)


@pytest.mark.parametrize(
    "each",
    [
        seen(2.0, FALLING),
        seen(1e-3, FLAT),
        seen(1e-7, FALLING),
        seen(1e-9, FLAT, grows=1.2),  # a warm-up
        seen(0.0, FLAT, gradient=0.0),  # dead: no rate would help
        seen(1e-7, [0.01] * 60),  # nothing left to learn
    ],
)
def test_stays_quiet(each):
    assert learning_rate_suspect(each) == []


def test_a_warm_up_begins_small():
    rates = [{"step": step, "optimizer": "SGD", "rate": 1e-6 * (step + 1)} for step in (0, 59)]
    assert learning_rate_suspect(seen(1e-7, FLAT, rates=rates)) == []


def test_several_optimizers_are_not_judged():
    turns = {**seen(2.0, [2.3, *[9.0] * 59]).families, "optimizers": [optimizer(), optimizer()]}
    with pytest.raises(NotChecked):
        learning_rate_suspect(facts(**turns))


def test_fires_on_a_sum_of_losses_that_leapt_and_gained_nothing():
    leaping = seen(2.0, [2.8, 60.0, 900.0, *[2.7] * 57])
    leaping.families["loss_calls"][0]["constant"] = None
    [finding] = learning_rate_suspect(leaping)
    assert "too high" in finding.message


def test_noise_from_batch_to_batch_is_no_movement():
    noisy = [2.33 + 0.08 * (-1) ** step * (1 - step / 600) for step in range(60)]
    noisy[:5] = [2.25, 2.25, 2.25, 2.41, 2.25]
    [finding] = learning_rate_suspect(seen(1e-7, noisy))
    assert "too low" in finding.message
