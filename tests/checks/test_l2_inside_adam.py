import pytest

from unstuck.checks.l2_inside_adam import l2_inside_adam

from .sample import facts, optimizer


def found(name, **settings):
    return l2_inside_adam(facts(optimizers=[optimizer(name, settings=settings)]))


@pytest.mark.parametrize("name", ["Adam", "NAdam", "RAdam", "Adamax"])
def test_fires(name):
    [finding] = found(name, weight_decay=0.01)
    assert finding.severity == "note"
    assert finding.message.startswith(f"{name} adds weight_decay=0.01 to the gradient")


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("Adam", {}),
        ("Adam", {"weight_decay": 0.0}),
        ("AdamW", {"weight_decay": 0.01, "decoupled_weight_decay": 1.0}),
        ("SGD", {"weight_decay": 0.01}),
        ("NAdam", {"weight_decay": 0.01, "decoupled_weight_decay": 1.0}),
    ],
)
def test_stays_quiet(name, settings):
    assert found(name, **settings) == []


def test_an_optimizer_that_never_stepped_is_not_judged():
    idle = optimizer("Adam", steps=0, settings={"weight_decay": 0.1})
    assert l2_inside_adam(facts(optimizers=[idle])) == []
