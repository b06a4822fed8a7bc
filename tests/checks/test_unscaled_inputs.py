import pytest

from unstuck.checks import NotChecked
from unstuck.checks.unscaled_inputs import unscaled_inputs

from .sample import argument, column, data_layer, facts, inputs, loss, loss_call, optimizer, series

UNEVEN = [column(0, 0.0, 1000.0), *(column(place) for place in range(1, 8))]
FAR = [column(place, 50.0, 2.0) for place in range(8)]
PIXELS = [column(place, 33.0, 78.0) for place in range(8)]
FLAT = [loss_call(values=series([2.3] * 100))]


def found(*columns, rows=384, **families):
    layers = [data_layer(*columns, rows=rows)]
    return unscaled_inputs(facts(inputs=inputs(argument(), layers=layers), **families))


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (UNEVEN, "features of very different scale: feature 0 has a root mean square of 1e+03"),
        (FAR, "features far from 0: half of them have a mean of 25 or more standard deviations"),
        (PIXELS, "large numbers: from"),
    ],
)
def test_fires(columns, words):
    [finding] = found(*columns, loss_calls=FLAT)
    assert finding.severity == "warning"
    assert words in finding.message
    assert str(finding.location) == "train.py:3"


def test_size_alone_is_a_note_with_an_adaptive_optimizer():
    adam = [optimizer("AdamW")]
    assert [f.severity for f in found(*PIXELS, optimizers=adam)] == ["note"]
    assert [f.severity for f in found(*UNEVEN, optimizers=adam)] == ["warning"]


def test_it_is_a_note_when_the_loss_falls_all_the_same():
    falling = [loss_call(values=series([2.3 * 0.98**step for step in range(200)]))]
    assert [f.severity for f in found(*UNEVEN, loss_calls=falling)] == ["note"]
    slower = [loss_call(values=series([2.3 * 0.995**step for step in range(200)]))]
    assert [f.severity for f in found(*PIXELS, loss_calls=slower)] == ["note"]
    assert [f.severity for f in found(*UNEVEN, loss_calls=slower)] == ["warning"]


@pytest.mark.parametrize(
    "columns",
    [
        [column(place) for place in range(8)],
        [column(place, 4.9, 6.0) for place in range(64)],  # pixels from 0 to 16
        [column(place, 0.0, 0.047) for place in range(10)],  # diabetes as shipped
        [column(0), column(1, 0.01, 0.03, binary=True), column(2, 0.001, 0.001, zeros=0.95)],
        [column(0, 20.0, 0.0), column(1)],  # a constant column
    ],
)
def test_stays_quiet(columns):
    assert found(*columns) == []


def test_a_normalisation_layer_first_leaves_no_layer_to_judge():
    given = facts(inputs=inputs(argument(), layers=[]))
    assert unscaled_inputs(given) == []


def test_hidden_or_few_rows_decide_nothing():
    with pytest.raises(NotChecked, match="hidden"):
        unscaled_inputs(facts(inputs=inputs(argument())))
    with pytest.raises(NotChecked, match="fewer than 32"):
        found(*UNEVEN, rows=8)


def test_numbers_that_saturate_the_first_outputs_are_a_warning_in_any_case():
    values = series([16.7, *[0.4 * 0.99**step for step in range(99)]])
    adam = {"optimizers": [optimizer("AdamW")], "loss": loss([v for _, v in values])}
    [finding] = found(*PIXELS, loss_calls=[loss_call(values=values)], **adam)
    assert finding.severity == "warning"
