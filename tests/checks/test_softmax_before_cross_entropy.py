import pytest

from unstuck.checks.softmax_before_cross_entropy import softmax_before_cross_entropy

from .sample import facts, graph, loss_call, operation, seen

TWICE = ["SoftmaxBackward0", "AddmmBackward0"]
ROWS = seen(minimum=0.0, maximum=1.0, stochastic=True)


def run(*calls, **changes):
    return facts(graph=graph(**changes), loss_calls=list(calls))


@pytest.mark.parametrize(
    "call",
    [
        loss_call(chain=TWICE),
        loss_call(chain=TWICE, input=None),
        loss_call(chain=[], opaque=True, input=ROWS),
    ],
    ids=["both", "graph", "values"],
)
def test_fires(call):
    [finding] = softmax_before_cross_entropy(run(call))
    assert finding.severity == "warning"
    assert "it expects logits" in finding.message
    assert str(finding.location) == "train.py:7"


def test_fires_for_probabilities_without_their_logarithm():
    [finding] = softmax_before_cross_entropy(run(loss_call("nll_loss", chain=TWICE)))
    assert "it expects log-probabilities" in finding.message


def test_points_at_the_softmax():
    maker = operation("SoftmaxBackward0", "model.3", line=12)
    [finding] = softmax_before_cross_entropy(run(loss_call(chain=TWICE, operation=maker)))
    assert "model.3" in finding.message
    assert str(finding.location) == "train.py:12"
    assert finding.evidence["loss_line"] == "train.py:7"


def test_fires_for_a_loss_written_by_hand():
    twice = facts(graph=graph(before_log_softmax=["SoftmaxBackward0"]))
    [finding] = softmax_before_cross_entropy(twice)
    assert str(finding.location) == "train.py:8"


def test_says_it_once():
    both = run(loss_call(chain=TWICE), before_log_softmax=["SoftmaxBackward0"])
    assert len(softmax_before_cross_entropy(both)) == 1


@pytest.mark.parametrize(
    "call",
    [
        loss_call(),
        loss_call(chain=[], input=None),
        loss_call(input=seen(minimum=0.0, maximum=1.0)),
        loss_call(chain=TWICE, training=False, input=ROWS),
        loss_call("binary_cross_entropy", chain=TWICE, input=ROWS),
        loss_call("kl_div", chain=["LogSoftmaxBackward0"], target_shape=[32, 10]),
    ],
    ids=["logits", "unseen", "in [0, 1]", "validation", "another loss", "distillation"],
)
def test_stays_quiet(call):
    assert softmax_before_cross_entropy(run(call)) == []


@pytest.mark.parametrize("function", ["cross_entropy", "nll_loss"])
def test_a_log_softmax_is_harmless(function):
    logs = loss_call(function, chain=["LogSoftmaxBackward0", "AddmmBackward0"])
    assert softmax_before_cross_entropy(run(logs)) == []


def test_a_softmax_inside_the_network_is_attention():
    attention = loss_call(chain=["AddmmBackward0", "BmmBackward0", "SoftmaxBackward0"])
    assert softmax_before_cross_entropy(run(attention)) == []


def test_a_line_that_is_not_known_is_no_line():
    [finding] = softmax_before_cross_entropy(run(loss_call(chain=TWICE, place=None)))
    assert finding.location is None
    assert finding.evidence["loss_line"] is None
