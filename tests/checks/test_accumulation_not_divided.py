import pytest

from unstuck.checks import NotChecked
from unstuck.checks.accumulation_not_divided import accumulation_not_divided

from .sample import accumulation, facts, optimizer, series

FOUR = {"windows": [[4, 50]]}


def found(optimizers=("SGD",), **changes):
    return accumulation_not_divided(
        facts(
            accumulation=accumulation(**changes),
            optimizers=[optimizer(name) for name in optimizers],
        )
    )


@pytest.mark.parametrize(("name", "severity"), [("SGD", "warning"), ("AdamW", "note")])
def test_fires(name, severity):
    [finding] = found([name], **FOUR)
    assert finding.severity == severity
    assert "adds up 4 backward passes" in finding.message
    assert ("learning rate 4 times as high" in finding.message) == (name == "SGD")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {**FOUR, "ratios": series([0.25] * 30)},
        {**FOUR, "ratios": series([16384.0] * 30)},
        {**FOUR, "rescaled": 30},
        {**FOUR, "model": ""},
        {"windows": [[1, 30], [4, 20]]},
        {"windows": [[0, 50]]},
        {"windows": []},
    ],
    ids=[
        "one",
        "divided",
        "scaled and divided",
        "gradients scaled",
        "several models",
        "mixed",
        "several lines",
        "nothing",
    ],
)
def test_stays_quiet(changes):
    assert found(**changes) == []


@pytest.mark.parametrize("changes", [{"ratios": []}, {"mean": False}])
def test_a_loss_whose_mean_is_not_known_is_not_judged(changes):
    with pytest.raises(NotChecked, match="not known"):
        found(**FOUR, **changes)
