import pytest

from unstuck.checks import NotChecked
from unstuck.checks.validation_with_gradients import validation_with_gradients

from .sample import evaluation, facts, mode, validation

ON = {"graphs": 4}


def found(*evaluations):
    return validation_with_gradients(facts(modes=[mode()], validation=validation(*evaluations)))


@pytest.mark.parametrize("how", [{}, {"own_loader": False}, {"losses": 0}, {"training": 4}])
def test_fires(how):
    [finding] = found(evaluation(**ON, **how))
    assert (finding.at, finding.severity) == (50, "warning")
    assert "4 forward passes of 256 samples in 1 evaluations" in finding.message


def test_once_is_a_note():
    [finding] = found(evaluation(graphs=1, forwards=1))
    assert finding.severity == "note"


@pytest.mark.parametrize(
    "how",
    [
        {"graphs": 0},
        {"graphs": 2},
        {"own_loader": False, "losses": 0, "training": 4},
        {"own_loader": False, "inside": True, "forwards": 1, "graphs": 1},
    ],
    ids=["no_grad", "partly", "acting", "targets made in the step"],
)
def test_stays_quiet(how):
    assert found(evaluation(**{**ON, **how})) == []


def test_nothing_evaluated_is_said():
    with pytest.raises(NotChecked, match="no evaluation"):
        found(evaluation(model="teacher", **ON))
