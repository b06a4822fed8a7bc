import math

import pytest

from unstuck.checks import diagnose
from unstuck.checks.nan_inputs import nan_inputs

from .sample import argument, facts, inputs, loss, nonfinite, numbers

BROKEN = loss([1.0, 0.9, 0.8, math.nan, math.nan])


def found(*arguments, **families):
    return nan_inputs(facts(inputs=inputs(*arguments), **({"loss": BROKEN} | families)))


def test_fires_and_names_the_place_in_the_data():
    [finding] = found(argument(nonfinite=nonfinite()))
    assert finding.severity == "error"
    assert finding.at == 3
    assert finding.message == (
        "argument 0 of model holds 1 of 256 entries that are NaN or infinite (row 5; column 2), in batch "
        "3 at step 3; the loss is not finite from step 3 on"
    )


def test_explains_the_loss_that_is_not_finite():
    broken = argument(nonfinite=nonfinite())
    [cause] = diagnose(facts(inputs=inputs(broken), loss=BROKEN)).findings
    assert (cause.check, [s.check for s in cause.symptoms]) == ("nan-inputs", ["non-finite-loss"])


def test_fires_for_targets():
    broken = numbers(nonfinite=2, nonfinite_step=3)
    [finding] = found(argument(), targets=[broken])
    assert finding.message.startswith("the targets of mse_loss hold NaN or infinity at step 3")


def test_from_a_device_only_the_step_is_known():
    seen = nonfinite(entries=0, of=0, rows=[], columns=[])
    [finding] = found(argument(name="x", nonfinite=seen))
    assert finding.message.startswith("x= of model holds NaN or infinity, in batch 3")


@pytest.mark.parametrize("values", [[1.0, 0.9, 0.8, 0.7], [1.0] * 20 + [math.nan]])
def test_missing_values_that_the_model_fills_and_masks_are_healthy(values):
    assert found(argument(nonfinite=nonfinite()), loss=loss(values)) == []


def test_stays_quiet():
    assert found(argument()) == []
    assert found(argument(nonfinite=nonfinite(), made=True)) == []
    assert found(argument(nonfinite=nonfinite()), loss=None) == []
