import math
import random

import pytest

from unstuck.checks import NotChecked
from unstuck.checks.loss_not_falling import loss_not_falling

from .sample import facts, loss, loss_call, optimizer, series


def noisy(level, steps=200, slope=0.0, noise=0.02):
    source = random.Random(0)
    return series([level + slope * step + source.gauss(0, noise) for step in range(steps)])


def found(pairs, **changes):
    return loss_not_falling(facts(loss_calls=[loss_call(values=pairs, **changes)]))


@pytest.mark.parametrize("level", [2.3, 2.35, 5.0])
def test_fires(level):
    [finding] = found(noisy(level))
    assert (finding.at, finding.severity) == (199, "warning")
    assert finding.remedies[0] == "raise-learning-rate"
    assert finding.message.startswith("after 200 steps the loss is ")
    assert finding.message.endswith("predicting the same for every input gives 2.3 (ln 10)")


@pytest.mark.parametrize(
    "pairs",
    [
        noisy(1.5),
        noisy(2.2),
        noisy(2.9, slope=-0.002),
        series([2.3 * 0.98**step for step in range(200)]),
    ],
    ids=["below", "a little below", "falling from above", "learning"],
)
def test_stays_quiet(pairs):
    assert found(pairs) == []


def test_a_plateau_that_is_left_is_healthy():
    early, late = noisy(2.3, steps=120), noisy(2.3, steps=80, slope=-0.01)
    assert found(early + [[120 + step, value] for step, value in late]) == []


def test_steps_that_are_not_finite_do_not_count():
    broken = [[step, math.nan if step % 2 else value] for step, value in noisy(2.3)]
    assert len(found(broken)) == 1


def test_judges_the_loss_that_is_called_most():
    auxiliary = loss_call(values=noisy(2.3), calls=3)
    learning = loss_call(calls=200)
    assert loss_not_falling(facts(loss_calls=[auxiliary, learning])) == []


def test_a_plateau_at_the_start_of_a_long_run_that_then_learned_is_healthy():
    start = noisy(2.3, steps=200)
    later = [[step, 2.3 * 0.999 ** (step - 200)] for step in range(200, 4000, 20)]
    seen_closely = loss_call(values=start + later[::20])
    [finding] = loss_not_falling(facts(loss_calls=[loss_call(values=start)]))
    assert finding.at == 199
    whole = loss([value for _, value in start])
    whole["values"] = start + later
    assert loss_not_falling(facts(loss_calls=[seen_closely], loss=whole)) == []


def test_a_loss_that_blew_up_is_named_though_it_falls_again():
    pairs = series([4.0, 1e6, *(1e6 * 0.97**step for step in range(200))])
    [finding] = found(pairs)
    assert "grew from 4 to 1e+06" in finding.message
    assert (finding.severity, finding.remedies[0]) == ("error", "lower-learning-rate")


def test_a_spike_that_was_survived_is_healthy():
    assert found(series([2.3, 500.0, *(2.3 * 0.97**step for step in range(200))])) == []


def test_a_part_of_the_loss_in_a_long_run_is_not_judged():
    whole = loss([5.0] * 400)
    part = loss_call(values=noisy(2.3, steps=200))
    with pytest.raises(NotChecked, match="only a part"):
        loss_not_falling(facts(loss_calls=[part], loss=whole))


def test_options():
    pairs = noisy(2.2, steps=40)
    low = facts(loss_calls=[loss_call(values=pairs)])
    assert len(loss_not_falling(low, steps=40, margin=0.1)) == 1
    assert loss_not_falling(low, steps=40) == []


@pytest.mark.parametrize(
    ("unclear", "why"),
    [
        ([loss_call(training=False)], "no loss function of torch.nn.functional in training"),
        ([loss_call(constant=None)], "is not known"),
        ([loss_call(moving_targets=True, values=noisy(2.3))], "made by a network"),
        ([loss_call(values=noisy(2.3, steps=59))], "only 59 steps seen, 60 needed"),
        ([loss_call(values=[])], "only 0 steps"),
        ([loss_call(constant={"loss": 0.0, "what": "ln 1", "targets": 9})], "leaves nothing"),
        ([loss_call(constant={"loss": math.nan, "what": "", "targets": 9})], "leaves nothing"),
    ],
)
def test_says_why_it_cannot_judge(unclear, why):
    with pytest.raises(NotChecked, match=why):
        loss_not_falling(facts(loss_calls=unclear))


def test_several_calls_a_step_are_one_step():
    accumulating = [[step // 8, value] for step, value in noisy(2.3, steps=200)]
    with pytest.raises(NotChecked, match="only 25 steps seen"):
        found(accumulating)


def test_optimizers_that_take_turns_may_be_in_balance():
    turns = facts(
        loss_calls=[loss_call(values=noisy(2.3))], optimizers=[optimizer(), optimizer("Adam")]
    )
    with pytest.raises(NotChecked, match="balance"):
        loss_not_falling(turns)
    idle = [optimizer(), optimizer(steps=0)]
    assert loss_not_falling(facts(loss_calls=[loss_call(values=noisy(2.3))], optimizers=idle))
