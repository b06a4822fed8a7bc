import pytest

from unstuck.checks import NotChecked
from unstuck.checks.symmetric_units import symmetric_units

from .sample import facts, layer, look

STUCK = (look(0, 1.0, 1.0), look(16, 1.0, 1.0))


def test_fires():
    [finding] = symmetric_units(facts(units=[layer(*STUCK)]))
    assert finding.severity == "error"
    assert finding.message == (
        "32 of 32 units of model.hidden have equal weights and equal gradients, still at step 16"
    )
    assert str(finding.location) == "train.py:3"


def test_says_zero_and_acquits_the_biases():
    zero = layer(look(0, 1.0, 1.0, zero=True), look(8, 1.0, 1.0, zero=True), biases_zero=True)
    [finding] = symmetric_units(facts(units=[zero]))
    assert "have zero weights" in finding.message
    assert finding.message.endswith("its zero biases are fine")


def test_one_finding_for_all_layers():
    [finding] = symmetric_units(facts(units=[layer(*STUCK), layer(*STUCK, name="model.output")]))
    assert finding.message.endswith("(and 1 more layer)")
    assert [each["name"] for each in finding.evidence["layers"]] == ["model.hidden", "model.output"]


def test_stays_quiet_on_random_weights_with_zero_biases():
    random = layer(look(0, 1 / 32, 1 / 32), look(16, 1 / 32, 1 / 32), biases_zero=True)
    assert symmetric_units(facts(units=[random])) == []


def test_a_zero_output_layer_whose_gradients_differ_is_healthy():
    head = layer(look(0, 1.0, 0.1, zero=True), look(16, 0.1, 0.1))
    still_equal = layer(look(0, 1.0, 0.1, zero=True), look(1, 1.0, 0.1, zero=True))
    assert symmetric_units(facts(units=[head, still_equal])) == []


def test_equal_weights_that_dropout_separates_are_healthy():
    separating = layer(look(0, 1.0, 0.3), look(16, 0.03, 0.03))
    assert symmetric_units(facts(units=[separating])) == []


def test_units_that_become_equal_later_are_another_fault():
    dying = layer(look(0, 0.03, 1.0), look(16, 1.0, 1.0))
    assert symmetric_units(facts(units=[dying])) == []


def test_units_that_are_no_longer_equal_have_come_apart():
    apart = layer(look(0, 1.0, 1.0), look(16, 0.03, 1.0))
    assert symmetric_units(facts(units=[apart])) == []


def test_without_gradients_nothing_is_said():
    frozen = layer(look(0, 1.0, None), look(16, 1.0, None))
    assert symmetric_units(facts(units=[frozen])) == []


def test_one_unit_set_by_hand_does_not_hide_the_others():
    nearly = layer(look(0, 0.95, 0.95), look(16, 0.95, 0.95))
    assert symmetric_units(facts(units=[nearly])) != []
    assert symmetric_units(facts(units=[nearly]), share=0.99) == []


@pytest.mark.parametrize("units", [[], [layer(look(0, 1.0, 1.0))]])
def test_one_look_decides_nothing(units):
    with pytest.raises(NotChecked, match="two different steps"):
        symmetric_units(facts(units=units))
