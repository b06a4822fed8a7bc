import pytest

from unstuck.checks import NotChecked
from unstuck.checks.overfitting import overfitting

from .sample import curve, facts, layers, loss, loss_call, node, optimizer, validation

UP = [0.7, 0.62, 0.6, 0.63, 0.68, 0.74, 0.8, 0.87]
LEARNING = [0.7 * 0.97**step for step in range(80)]


def found(values, *, training=LEARNING, accuracy=(), **families):
    curves = [curve(values, list(accuracy))]
    return overfitting(facts(validation=validation(curves=curves), loss=loss(training), **families))


def test_fires():
    [finding] = found(UP)
    assert (finding.at, finding.severity) == (20, "warning")
    assert "was lowest at step 20 (0.6) and is 0.87 at step 70" in finding.message
    assert finding.location.line == 12


@pytest.mark.parametrize(
    ("seen", "named"),
    [
        (None, {"use-convolution", "global-pooling"}),
        (layers(node("conv", kernel=[3, 3]), node("head")), {"global-pooling"}),
        (layers(node("hidden"), node("head")), {"use-convolution"}),
    ],
)
def test_no_convolution_is_advised_to_a_network_that_has_them(seen, named):
    families = {} if seen is None else {"layers": seen}
    [finding] = found(UP, **families)
    assert {*finding.remedies} & {"use-convolution", "global-pooling"} == named
    assert finding.remedies[0] == "early-stopping"


def test_an_accuracy_that_holds_makes_it_a_note():
    [finding] = found(UP, accuracy=[0.5, 0.68, 0.7, 0.7, 0.71, 0.7, 0.7, 0.71])
    assert finding.severity == "note"
    [finding] = found(UP, accuracy=[0.5, 0.68, 0.7, 0.69, 0.66, 0.65, 0.64, 0.63])
    assert finding.severity == "warning"


@pytest.mark.parametrize(
    "values",
    [
        [0.7 * 0.9**at for at in range(10)],
        [0.7, 0.6, 0.55, 0.56, 0.55, 0.57, 0.56, 0.56],
        [0.7, 0.4, 0.6, 0.38, 0.62, 0.45, 0.6, 0.42],
        [0.7, 0.6, 0.55, 0.5, 0.48, 0.46, 0.45, 0.9],
    ],
    ids=["learning", "flat", "noise", "one outlier"],
)
def test_stays_quiet(values):
    assert found(values) == []


def test_training_that_gets_worse_as_well_is_no_overfitting():
    assert found(UP, training=[0.7 * 1.03**step for step in range(80)]) == []


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"loss_calls": [loss_call(moving_targets=True)]}, "move"),
        ({"optimizers": [optimizer(), optimizer()]}, "take turns"),
    ],
)
def test_says_why_it_cannot_judge(how, why):
    with pytest.raises(NotChecked, match=why):
        found(UP, **how)


def test_a_few_evaluations_say_nothing():
    with pytest.raises(NotChecked, match="fewer than 6"):
        found(UP[:5])


def test_over_confidence_that_costs_half_of_what_was_reached_is_a_warning():
    steep = [0.7, 0.62, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1]
    [finding] = found(steep, accuracy=[0.5, 0.68, 0.7, 0.7, 0.71, 0.7, 0.7, 0.71])
    assert finding.severity == "warning"
    assert "only the confidence is too high" in finding.message
