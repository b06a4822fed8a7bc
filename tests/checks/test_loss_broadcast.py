import pytest

from unstuck.checks import diagnose
from unstuck.checks.loss_broadcast import loss_broadcast

from .sample import facts, graph, loss_call, place


def blown_up(**changes):
    return loss_call(
        "mse_loss",
        broadcast_calls=200,
        broadcast_input=[64, 1],
        broadcast_target=[64],
        broadcast_result=[64, 64],
        **changes,
    )


def by_hand(result):
    seen = {"step": 0, "prediction_shape": [64, 1], "result_shape": result, "place": place(21)}
    return graph(broadcasts=[seen])


def test_fires_for_a_loss_function():
    [finding] = loss_broadcast(facts(graph=graph(), loss_calls=[blown_up(first_step=3)]))
    assert (finding.at, finding.severity) == (3, "error")
    assert finding.message.startswith(
        "mse_loss compares predictions (64, 1) with targets (64,): broadcasting makes (64, 64)"
    )
    assert str(finding.location) == "train.py:7"


@pytest.mark.parametrize("calls", [None, [], [loss_call()]])
def test_fires_for_a_loss_written_by_hand(calls):
    families = {} if calls is None else {"loss_calls": calls}
    [finding] = loss_broadcast(facts(graph=by_hand([64, 64]), **families))
    assert "(64, 64)" in finding.message
    assert str(finding.location) == "train.py:21"


def test_stays_quiet_when_shapes_agree():
    assert loss_broadcast(facts(graph=graph(), loss_calls=[loss_call("mse_loss")])) == []


def test_a_target_that_is_only_stretched_is_healthy():
    stretched = loss_call("mse_loss", input_shape=[64, 3], target_shape=[3])
    assert loss_broadcast(facts(graph=graph(), loss_calls=[stretched])) == []


def test_a_comment_says_that_all_pairs_are_meant():
    meant = place(code="loss = pairs(y, p)  # unstuck: ignore[loss-broadcast]")
    found = diagnose(facts(graph=graph(), loss_calls=[blown_up(place=meant)]))
    assert (found.findings, len(found.ignored)) == ((), 1)


def test_validation_is_not_judged():
    assert loss_broadcast(facts(graph=graph(), loss_calls=[blown_up(training=False)])) == []
