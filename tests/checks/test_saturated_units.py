import pytest

from unstuck.checks.saturated_units import saturated_units

from .sample import activation, activation_look, facts, loss


def saturated(*shares, kind="tanh", **changes):
    looks = [activation_look(step, saturated=share) for step, share in enumerate(shares)]
    return activation(kind, *looks, **changes)


@pytest.mark.parametrize("kind", ["tanh", "sigmoid"])
def test_fires(kind):
    [finding] = saturated_units(facts(activations=[saturated(0.9, 0.8, 0.9, kind=kind)]))
    assert finding.severity == "warning"
    assert kind in finding.message


def test_is_a_note_where_the_loss_falls():
    falling = loss([2.3 * 0.95**step for step in range(60)])
    [finding] = saturated_units(facts(activations=[saturated(0.9, 0.8, 0.9)], loss=falling))
    assert finding.severity == "note"


@pytest.mark.parametrize(
    "each",
    [
        saturated(0.9, 0.9, 0.9, gate=True),
        saturated(0.9, 0.9, 0.9, output=True),
        saturated(0.9, 0.9),
        saturated(0.1, 0.5, 0.9),  # certain after it has learned
        saturated(0.9, 0.9, 0.9, kind="GELU"),
    ],
)
def test_stays_quiet(each):
    assert saturated_units(facts(activations=[each])) == []


@pytest.mark.parametrize(
    ("layers", "said"),
    [(1, "at the start"), (2, "; 1 more layer is like it"), (3, "; 2 more layers are like it")],
)
def test_says_how_many_layers_are_like_it(layers, said):
    [finding] = saturated_units(facts(activations=[saturated(0.9, 0.8, 0.9)] * layers))
    assert finding.message.endswith(said)
