import pytest

from unstuck.checks import NotChecked, diagnose
from unstuck.checks.loss_target_mismatch import loss_target_mismatch

from .sample import facts, loss_call, numbers, optimizer, place, target

BINARY = "binary_cross_entropy_with_logits"


def whole(*counts, **changes):
    return numbers(kind="whole", counts=list(counts), **changes)


def one_hot(**changes):
    made = {"kind": "one-hot", "shape": [32, 10], "rows": 6400}
    return target(BINARY, **(made | changes))


def found(*targets, **families):
    return loss_target_mismatch(facts(targets=list(targets), **families))


@pytest.mark.parametrize("counts", [(50, 50, 50), (59, 71, 48), (640,) * 10])
def test_fires_on_squared_error_of_class_numbers(counts):
    [finding] = found(whole(*counts))
    assert finding.severity == "warning"
    assert f"all integers from 0 to {len(counts) - 1}, about equally often" in finding.message


def test_uneven_classes_are_a_note():
    assert [f.severity for f in found(whole(500, 60, 300, 20))] == ["note"]


@pytest.mark.parametrize(
    "counts",
    [(300, 420, 250, 90, 20), (20, 60, 300, 500, 400), (0, 100, 100, 100), (90, 0, 90), (5, 5, 5)],
)
def test_counts_ratings_and_gaps_are_healthy(counts):
    assert found(whole(*counts)) == []


def test_zero_or_one_under_squared_error_is_a_note():
    binary = numbers(kind="binary", counts=[3000, 3400])
    assert [f.severity for f in found(binary)] == ["note"]


def test_fires_on_exclusive_classes_under_an_element_wise_loss():
    [finding] = found(one_hot())
    assert finding.severity == "warning"
    assert "each of 6400 rows has a single 1" in finding.message


@pytest.mark.parametrize(
    "changes",
    [{"kind": "multi-hot"}, {"counts": [3200, 3200]}, {"rows": 32}, {"shape": [8, 10, 64, 64]}],
)
def test_labels_that_come_together_are_healthy_there(changes):
    assert found(one_hot(**changes)) == []


@pytest.mark.parametrize("kind", ["multi-hot", "shared"])
def test_fires_on_several_labels_under_softmax(kind):
    [finding] = found(target(kind=kind, shape=[32, 10], rows=6400, several=3200))
    assert "50% of 6400 rows have several labels" in finding.message


@pytest.mark.parametrize("kind", ["classes", "one-hot", "soft"])
def test_soft_targets_are_healthy_under_softmax(kind):
    assert found(target(kind=kind, shape=[32, 10], rows=6400, several=3200)) == []


def test_fires_on_labels_minus_one_and_one_under_binary_cross_entropy():
    signs = numbers(BINARY, below_zero=0.5, above_one=0.0, minimum=-1.0, maximum=1.0)
    [finding] = found(signs)
    assert finding.severity == "error"


def test_least_squares_adversaries_decide_nothing():
    with pytest.raises(NotChecked):
        found(whole(50, 50, 50), optimizers=[optimizer(), optimizer()])


def test_targets_made_by_a_network_are_not_judged():
    moving = [loss_call("mse_loss", moving_targets=True)]
    assert found(whole(640, 640, 640), loss_calls=moving) == []


def test_a_comment_says_that_quantiles_are_regressed():
    here = place(code="loss = f(model(x), y)  # unstuck: ignore[loss-target-mismatch]")
    given = facts(targets=[whole(50, 50, 50, place=here)])
    assert (diagnose(given).findings, len(diagnose(given).ignored)) == ((), 1)
