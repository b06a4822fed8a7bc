import pytest

from unstuck.checks import NotChecked, diagnose
from unstuck.checks.constant_or_duplicate_inputs import constant_or_duplicate_inputs

from .sample import argument, data, facts, inputs, loader, numbers, place

SAME_ROWS = argument(same_rows=12)
SAME_BATCH = argument(distinct=1, unchanged=199)
ANEW = loader(epochs=200)


def found(*arguments, loaders=(), **families):
    return constant_or_duplicate_inputs(
        facts(inputs=inputs(*arguments), data=data(*loaders), **families)
    )


def test_fires_on_equal_rows():
    [finding] = found(SAME_ROWS, targets=[numbers()])
    assert finding.severity == "error"
    assert finding.message == (
        "all rows that model receives are equal to one another, in 12 batches looked at; the targets differ"
    )


def test_says_what_value_it_is():
    [finding] = found(argument(same_rows=12, constant=12, value=0.0))
    assert finding.message.endswith("every entry is 0")
    assert finding.severity == "note"


def test_fires_on_a_loader_begun_anew_at_every_step():
    [finding] = found(SAME_BATCH, loaders=[ANEW])
    assert finding.severity == "warning"
    assert finding.message == (
        "model receives the same batch at each of 200 steps, while the loader has 201 batches; it was "
        "begun anew 200 times"
    )


def test_a_batch_overfitted_on_purpose_is_a_note():
    [finding] = found(SAME_BATCH, loaders=[loader()])
    assert finding.severity == "note"


@pytest.mark.parametrize("loaders", [[], [loader(batches=1)], [loader(batch=64)]])
def test_training_on_the_whole_data_at_once_is_healthy(loaders):
    assert found(SAME_BATCH, loaders=loaders) == []


def test_a_zero_state_beside_an_input_that_varies_is_healthy():
    assert found(argument(), argument(name="1", same_rows=12, constant=12)) == []
    assert found(argument(), argument(name="1", distinct=1), loaders=[ANEW]) == []


def test_the_first_state_of_a_game_is_healthy():
    assert found(argument(same_rows=1)) == []


def test_few_batches_decide_nothing():
    with pytest.raises(NotChecked, match="too few"):
        found(argument(looks=2, same_rows=2, steps=4, distinct=1))


def test_a_comment_says_that_a_dummy_input_is_meant():
    here = place(code="model(ones)  # unstuck: ignore[constant-or-duplicate-inputs]")
    given = facts(inputs=inputs(argument(same_rows=12, place=here)), data=data())
    assert (diagnose(given).findings, len(diagnose(given).ignored)) == ((), 1)
