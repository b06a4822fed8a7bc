import pytest

from unstuck.checks import NotChecked, diagnose
from unstuck.checks.output_range_mismatch import output_range_mismatch

from .sample import facts, loss_call, numbers, operation, place, target


def ending(node, function="mse_loss", **changes):
    return numbers(function, chain=[f"{node}Backward0", "AddmmBackward0"], **changes)


def found(*targets, **families):
    return output_range_mismatch(facts(targets=list(targets), **families))


@pytest.mark.parametrize(
    ("node", "outside"),
    [("Sigmoid", 0.66), ("Tanh", 0.32), ("Relu", 0.5), ("Softplus", 0.5), ("Softmax", 0.66)],
)
@pytest.mark.parametrize("function", ["mse_loss", "l1_loss", "squared difference"])
def test_fires(node, outside, function):
    [finding] = found(ending(node, function, prediction_shape=[32, 2]))
    assert finding.severity == "error"
    assert f"but {outside:.0%} of the targets are outside" in finding.message


def test_a_small_share_is_a_warning():
    [finding] = found(ending("Relu", below_zero=0.1))
    assert finding.severity == "warning"


def test_names_the_module():
    maker = operation("SigmoidBackward0", "model.3", line=12)
    [finding] = found(ending("Sigmoid"), loss_calls=[loss_call("mse_loss", operation=maker)])
    assert finding.message.startswith("model.3: the output ends in sigmoid")
    assert str(finding.location) == "train.py:12"


def test_fires_on_a_softmax_over_one_unit():
    [finding] = found(ending("Softmax", below_zero=0.0, above_one=0.0))
    assert finding.message == "softmax over a single unit: the output is 1 for every input"
    [finding] = found(target(prediction_shape=[32, 1], counts=[6400]))
    assert finding.message.startswith("cross-entropy over a single class")


@pytest.mark.parametrize("node", ["Sigmoid", "Tanh", "Relu"])
def test_targets_within_the_range_are_healthy(node):
    within = {"below_minus_one": 0.0, "below_zero": 0.0, "above_one": 0.0}
    assert found(ending(node, **within)) == []


@pytest.mark.parametrize("node", ["Addmm", "Mul", "Add"])
def test_a_linear_or_scaled_output_is_healthy(node):
    assert found(ending(node)) == []


def test_classification_and_outliers_are_healthy():
    assert found(ending("Sigmoid", "binary_cross_entropy")) == []
    assert found(ending("Relu", below_zero=0.02)) == []


def test_a_hidden_output_decides_nothing():
    with pytest.raises(NotChecked):
        found(numbers(chain=[]))


def test_a_comment_says_that_the_rest_is_to_be_cut_off():
    here = place(code="loss = f(model(x), y)  # unstuck: ignore[output-range-mismatch]")
    given = facts(targets=[ending("Relu", place=here)])
    assert (diagnose(given).findings, len(diagnose(given).ignored)) == ((), 1)
