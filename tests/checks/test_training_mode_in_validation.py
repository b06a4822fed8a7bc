import pytest

from unstuck.checks import NotChecked
from unstuck.checks.training_mode_in_validation import training_mode_in_validation

from .sample import evaluation, facts, mode, place, validation

NOISY = {"training": 4, "noisy": 4, "noise": ["dropout"]}


def found(*evaluations, modes=None):
    return training_mode_in_validation(
        facts(modes=modes or [mode()], validation=validation(*evaluations))
    )


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"own_loader": False},
        {"losses": 0},
        {"losses": 0, "own_loader": False},
        {"noise": ["batch norm"]},
    ],
)
def test_fires(how):
    [finding] = found(evaluation(**{**NOISY, **how}))
    assert (finding.at, finding.severity) == (50, "warning")
    assert finding.message.startswith("model is evaluated in training mode")


@pytest.mark.parametrize(
    "how",
    [
        {"training": 0, "noisy": 0, "noise": []},
        {"training": 0},
        {"noisy": 3},
        {"losses": 0, "own_loader": False, "noise": ["batch norm"]},
        {"losses": 0, "repeated": True},
        {"losses": 0, "own_loader": False, "rows": 8},
        {"inside": True, "forwards": 1, "training": 1, "noisy": 1, "own_loader": False},
    ],
    ids=[
        "evaluation mode",
        "Monte Carlo dropout",
        "partly",
        "statistics estimated again",
        "the same input again and again",
        "acting",
        "pseudo-labels in the step",
    ],
)
def test_stays_quiet(how):
    assert found(evaluation(**{**NOISY, **how})) == []


def test_a_generator_that_draws_samples_is_healthy():
    sampling = evaluation(**{**NOISY, "losses": 0, "own_loader": False, "model": "generator"})
    models = [mode(model="generator"), mode(model="discriminator")]
    assert found(sampling, modes=models) == []


def test_forward_passes_without_a_loss_in_every_step_are_part_of_the_step():
    every = [
        evaluation(**{**NOISY, "losses": 0, "own_loader": False, "update": n}) for n in range(150)
    ]
    assert found(*every) == []


def test_lines_are_judged_by_themselves():
    right = evaluation(place=place(30))
    [finding] = found(right, evaluation(**NOISY), evaluation(**NOISY))
    assert "in all 2 evaluations from this line" in finding.message
    assert finding.location.line == 12


def test_nothing_evaluated_is_said():
    with pytest.raises(NotChecked, match="no evaluation"):
        found(evaluation(model="teacher"))
