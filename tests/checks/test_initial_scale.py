import pytest

from unstuck.checks import NotChecked
from unstuck.checks.initial_scale import initial_scale

from .sample import (
    facts,
    gradient_layer,
    gradient_look,
    gradients,
    layers,
    loss,
    loss_call,
    node,
    series,
)


def net(*scales, losses, sizes=(0.1, 0.1, 0.1), **changes):
    nodes = [node(f"net.{depth}", depth=depth) for depth, _ in enumerate(scales)]
    seen = [
        gradient_layer(f"net.{depth}", gradient_look(0, size, weight=scale * 32 / 32**0.5))
        for depth, (scale, size) in enumerate(zip(scales, sizes, strict=False))
    ]
    return facts(
        layers=layers(*nodes, **changes),
        gradients=gradients(*seen),
        loss=loss(losses),
        loss_calls=[loss_call(values=series(losses))],
    )


HUGE, FLAT = [250.0, *[40.0] * 59], [2.3] * 60
FALLING = [2.3 * 0.95**step for step in range(60)]


@pytest.mark.parametrize(
    ("seen", "word"),
    [(net(10, 20, 20, losses=HUGE), "grow"), (net(0.02, 0.02, 0.02, losses=FLAT), "fade")],
)
def test_fires(seen, word):
    [finding] = initial_scale(seen)
    assert f"make the signal {word}" in finding.message
    assert finding.at == 0


@pytest.mark.parametrize(
    "seen",
    [
        net(0.58, 1.4, 1.0, losses=FLAT),
        net(10, 20, 20, losses=HUGE, normalised=True),
        net(0.02, 0.02, 0.02, losses=FALLING),
        net(1.0, 1.0, 0.0, losses=FLAT),  # an output that begins at zero
        net(0.3, 0.3, 0.3, losses=FLAT),
    ],
)
def test_stays_quiet(seen):
    assert initial_scale(seen) == []


def test_one_layer_is_not_judged():
    with pytest.raises(NotChecked):
        initial_scale(net(20, losses=HUGE))
