import pytest

from unstuck.checks import NotChecked
from unstuck.checks.unreached_parameters import unreached_parameters

from .sample import facts, graph, optimizer, parameter


def seen(*parameters, **changes):
    made = {"graph": graph(), "optimizers": [optimizer()], "parameters": list(parameters)}
    return facts(**(made | changes))


LOST = parameter("model.encoder.weight", reached=False)


def test_nothing_reached_is_an_error():
    [finding] = unreached_parameters(seen(LOST))
    assert finding.severity == "error"


@pytest.mark.parametrize(("numel", "severity"), [(100, "warning"), (10, "note")])
def test_a_part_counts_by_its_size(numel, severity):
    part = parameter("model.head.weight", reached=False, numel=numel)
    [finding] = unreached_parameters(seen(part, parameter("model.body.weight", numel=400)))
    assert finding.severity == severity


@pytest.mark.parametrize(
    "changes",
    [{"reached": True}, {"optimized": False}, {"trainable": False}, {"fixed_model": True}],
)
def test_stays_quiet(changes):
    each = parameter("model.encoder.weight", **({"reached": False} | changes))
    assert unreached_parameters(seen(each)) == []


@pytest.mark.parametrize("changes", [{"opaque": ["CheckpointFunctionBackward"]}, {"backwards": 3}])
def test_what_is_hidden_or_seldom_is_not_checked(changes):
    with pytest.raises(NotChecked):
        unreached_parameters(seen(LOST, graph=graph(**changes)))


def test_a_layer_of_the_persons_own_class_is_meant_to_learn():
    part = parameter("model.wide.weight", reached=False, numel=10, own=True)
    [finding] = unreached_parameters(seen(part, parameter("model.body.weight", numel=400)))
    assert finding.severity == "warning"
