import pytest

from unstuck.checks import NotChecked
from unstuck.checks.vanishing_gradients import vanishing_gradients

from .sample import facts, gradient_layer, gradient_look, gradients, layers, loss, node

FLAT, FALLING = loss([0.69] * 60), loss([0.69 * 0.95**step for step in range(60)])


def net(*sizes, series=FLAT):
    nodes = [node(f"net.{depth}", depth=depth) for depth, _ in enumerate(sizes)]
    seen = [
        gradient_layer(f"net.{depth}", *(gradient_look(step, size) for step in (0, 3, 4, 6, 9)))
        for depth, size in enumerate(sizes)
    ]
    return facts(layers=layers(*nodes), gradients=gradients(*seen), loss=series)


def test_fires():
    [finding] = vanishing_gradients(net(1e-7, 1e-5, 1e-3, 1e-1))
    assert "net.0 gets 1e-06 of what net.3 gets" in finding.message
    assert finding.at == 9


@pytest.mark.parametrize(
    "seen",
    [
        net(1e-3, 1e-2, 1e-2, 1e-1),
        net(1e-7, 1e-5, 1e-3, 1e-1, series=FALLING),
        net(1e-5, 1e-1, 1e-1, 0.08, 0.07, 0.1),  # one odd layer is no trend
        net(0.0, 0.0, 1e-3, 1e-2, 1e-1),  # not reached yet: LoRA, branches that begin at zero
    ],
)
def test_stays_quiet(seen):
    assert vanishing_gradients(seen) == []


def test_shallow_nets_are_not_judged():
    with pytest.raises(NotChecked):
        vanishing_gradients(net(1e-7, 1e-1))
