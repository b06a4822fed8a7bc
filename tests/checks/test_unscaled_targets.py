import math

import pytest

from unstuck.checks.unscaled_targets import unscaled_targets

from .sample import facts, loss_call, numbers, optimizer, series, target

ADAM = [optimizer("Adam")]


def found(*targets, **families):
    return unscaled_targets(facts(targets=list(targets), **families))


@pytest.mark.parametrize(
    ("mean", "std", "optimizers"),
    [(152, 77, []), (152, 77, ADAM), (0, 40, []), (20, 1, ADAM), (2e5, 1e5, ADAM)],
)
def test_fires(mean, std, optimizers):
    [finding] = found(numbers(mean=mean, std=std), optimizers=optimizers)
    assert finding.severity == "warning"
    assert f"have mean {mean:.4g} and standard deviation {std:.4g}" in finding.message


def test_losses_written_by_hand_count():
    assert len(found(numbers("squared difference", 152, 77))) == 1


def test_it_is_a_note_when_the_loss_falls_all_the_same():
    site = loss_call(
        "mse_loss",
        values=series([900.0] + [10.0] * 99),
        constant={"loss": 100.0, "what": "variance of the targets", "targets": 3000},
    )
    assert [f.severity for f in found(numbers(mean=40, std=10), loss_calls=[site])] == ["note"]


@pytest.mark.parametrize(
    ("mean", "std", "optimizers"),
    [(0, 1, []), (15, 8, []), (36, 17, ADAM), (0, 60, ADAM), (3, 0.1, []), (math.nan, 1, [])],
)
def test_stays_quiet(mean, std, optimizers):
    assert found(numbers(mean=mean, std=std), optimizers=optimizers) == []


def test_an_output_bias_at_the_mean_is_healthy():
    assert found(numbers(mean=152, std=10, first_prediction=151.0)) == []


def test_other_losses_and_targets_made_by_a_network_are_not_judged():
    assert found(numbers("poisson_nll_loss", 152, 77), target()) == []
    assert found(numbers(mean=152, std=77, made=True)) == []
    moving = loss_call("mse_loss", moving_targets=True)
    assert found(numbers(mean=152, std=77), loss_calls=[moving]) == []
