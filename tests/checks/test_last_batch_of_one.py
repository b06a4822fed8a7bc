import pytest

from unstuck.checks.last_batch_of_one import last_batch_of_one

from .sample import batch_norm, data, facts, loader, mode


def found(*layers, **changes):
    return last_batch_of_one(
        facts(data=data(loader(**changes)), modes=[mode(batch_norm=list(layers))])
    )


def test_fires():
    [finding] = found(batch_norm())
    assert finding.severity == "warning"
    assert "6401 samples in batches of 32" in finding.message
    assert "raises an error" in finding.message


def test_images_are_normalised_by_themselves():
    [finding] = found(batch_norm(kind="BatchNorm2d", values=64 * 32))
    assert finding.severity == "warning"
    assert finding.message.endswith("it is normalised by itself")


@pytest.mark.parametrize(
    "changes",
    [{"last_batch": 32}, {"last_batch": None}, {"trains": False}, {"batch": 1}, {"batch": None}],
)
def test_stays_quiet(changes):
    assert found(batch_norm(), **changes) == []


def test_without_batch_normalisation_in_training_one_sample_is_a_batch():
    assert found() == []
    assert found(batch_norm(values=None, batch=None)) == []
