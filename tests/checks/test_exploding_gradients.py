import math

import pytest

from unstuck.checks import NotChecked
from unstuck.checks.exploding_gradients import exploding_gradients

from .sample import (
    clip_line,
    facts,
    gradient_layer,
    gradient_look,
    gradients,
    loss,
    optimizer,
    series,
)

WORSE = loss([1.0] * 20 + [5.0] * 40)
SPIKE = series([1.0, 1.2] * 10 + [100.0] + [1.0] * 39)


def test_fires():
    [finding] = exploding_gradients(facts(gradients=gradients(totals=SPIKE), loss=WORSE))
    assert finding.at == 20
    assert finding.severity == "warning"


def test_norms_before_clipping_come_first():
    seen = {"gradients": gradients(), "clipping": [clip_line(norms=SPIKE)]}
    assert exploding_gradients(facts(loss=WORSE, **seen))


def test_gradients_that_are_not_finite_before_the_loss():
    totals = [*series([1.0] * 10), [10, math.inf]]
    [finding] = exploding_gradients(
        facts(gradients=gradients(totals=totals), loss=loss([1.0] * 11))
    )
    assert finding.severity == "error"


@pytest.mark.parametrize(
    ("totals", "losses"),
    [
        (SPIKE, loss([1.0 * 0.97**step for step in range(60)])),  # survived
        (series([1.0, 4.0] * 30), WORSE),
        (series([3.0**step for step in range(60)]), WORSE),  # steadily: the learning rate
    ],
)
def test_stays_quiet(totals, losses):
    assert exploding_gradients(facts(gradients=gradients(totals=totals), loss=losses)) == []


def test_a_steady_growth_to_infinity_is_left_to_the_learning_rate():
    totals = [*series([10.0**step for step in range(10)]), [10, math.inf]]
    seen = facts(gradients=gradients(totals=totals), loss=loss([1.0] * 11))
    assert exploding_gradients(seen) == []


def test_losses_that_may_rise_are_left_out():
    turns = [optimizer(), optimizer()]
    seen = facts(gradients=gradients(totals=SPIKE), loss=WORSE, optimizers=turns)
    assert exploding_gradients(seen) == []


def test_too_few_norms():
    with pytest.raises(NotChecked):
        exploding_gradients(facts(gradients=gradients(totals=SPIKE[:3]), loss=WORSE))


def steep(gradient, losses):
    looks = [gradient_look(step, gradient, weight=2.0) for step in (0, 1, 2, 3, 9, 30, 59)]
    seen = gradients(gradient_layer("net.recurrent", *looks), totals=series([gradient] * 60))
    return facts(gradients=seen, loss=loss(losses))


def test_a_gradient_that_is_too_large_all_along():
    [finding] = exploding_gradients(steep(900.0, [1.0] * 30 + [0.9] * 30))
    assert "would change the loss by 1.8 times its value" in finding.message
    assert finding.evidence["layer"] == "net.recurrent"


def test_a_large_gradient_that_learns_is_left_alone():
    assert exploding_gradients(steep(900.0, [0.97**step for step in range(60)])) == []
    assert exploding_gradients(steep(30.0, [1.0] * 60)) == []
