import pytest

from unstuck.checks import NotChecked
from unstuck.checks.dead_units import dead_units

from .sample import (
    activation,
    activation_look,
    facts,
    gradient_layer,
    gradient_look,
    gradients,
    loss,
)


def dead(share, **changes):
    looks = [activation_look(step, dead_for_long=share, **changes) for step in (3, 4, 5)]
    return activation("ReLU", *looks)


FLAT, FALLING = loss([2.3] * 60), loss([2.3 * 0.95**step for step in range(60)])


def test_fires():
    [finding] = dead_units(facts(activations=[dead(0.95)], loss=FALLING))
    assert finding.severity == "warning"
    assert "61 of 64" in finding.message


def test_a_layer_without_any_gradient_is_an_error():
    layer = gradient_layer("model.hidden", gradient_look(5, 0.0, zeros=1.0))
    [finding] = dead_units(facts(activations=[dead(1.0)], gradients=gradients(layer)))
    assert finding.severity == "error"


@pytest.mark.parametrize(("series", "count"), [(FLAT, 1), (FALLING, 0)])
def test_half_dead_counts_only_while_the_loss_does_not_fall(series, count):
    assert len(dead_units(facts(activations=[dead(0.6)], loss=series))) == count


def test_stays_quiet_on_a_third():
    assert dead_units(facts(activations=[dead(0.33)], loss=FLAT)) == []


@pytest.mark.parametrize("changes", [{"varies": False}, {"rows": 8}])
def test_constant_inputs_and_small_batches_are_not_judged(changes):
    with pytest.raises(NotChecked):
        dead_units(facts(activations=[dead(1.0, **changes)], loss=FLAT))


@pytest.mark.parametrize(
    ("layers", "said"),
    [(1, "looks before"), (2, "; 1 more layer is like it"), (3, "; 2 more layers are like it")],
)
def test_says_how_many_layers_are_like_it(layers, said):
    [finding] = dead_units(facts(activations=[dead(0.95)] * layers, loss=FALLING))
    assert finding.message.endswith(said)
