import pytest

from unstuck.checks import diagnose
from unstuck.checks.activation_on_logits import ONE_SIDED, activation_on_logits

from .sample import facts, loss_call, operation, place, seen

BINARY = "binary_cross_entropy_with_logits"
FROM_ZERO = seen(minimum=0.0, maximum=6.0, zero_share=0.4)


def chain(*nodes):
    return [f"{node}Backward0" for node in nodes]


def found(*calls):
    return activation_on_logits(facts(loss_calls=list(calls)))


@pytest.mark.parametrize("function", [BINARY, "cross_entropy"])
@pytest.mark.parametrize("node", sorted(set(ONE_SIDED) - {"SoftmaxBackward0"}))
def test_fires(function, node):
    [finding] = found(loss_call(function, chain=[node, "AddmmBackward0"]))
    assert finding.severity == "warning"
    assert finding.message.startswith(ONE_SIDED[node])
    assert str(finding.location) == "train.py:7"


@pytest.mark.parametrize(
    ("function", "nodes"),
    [
        ("nll_loss", ("LogSoftmax", "Relu")),
        ("kl_div", ("LogSoftmax", "Relu")),
        ("cross_entropy", ("LogSoftmax", "Relu")),
        ("binary_cross_entropy", ("Sigmoid", "Relu")),
        (BINARY, ("Softmax", "Addmm")),
    ],
)
def test_fires_behind_the_link_that_the_loss_expects(function, nodes):
    assert len(found(loss_call(function, chain=chain(*nodes)))) == 1


@pytest.mark.parametrize(
    ("function", "nodes"),
    [
        ("cross_entropy", ("Addmm", "Relu", "Addmm")),
        ("cross_entropy", ()),
        ("cross_entropy", ("LogSoftmax",)),
        ("cross_entropy", ("Softmax", "Relu")),
        ("nll_loss", ("LogSoftmax", "Addmm")),
        ("nll_loss", ("Relu",)),
        ("binary_cross_entropy", ("Sigmoid", "Addmm")),
        ("mse_loss", ("Relu", "Addmm")),
        ("cross_entropy", ("Tanh", "Addmm")),
    ],
)
def test_stays_quiet(function, nodes):
    assert found(loss_call(function, chain=chain(*nodes), input=FROM_ZERO)) == []


def test_validation_is_not_judged():
    assert found(loss_call(chain=chain("Relu"), training=False)) == []


@pytest.mark.parametrize("node", ["HardtanhBackward0", "ClampBackward1", "ClampMinBackward0"])
def test_a_clamp_counts_only_when_nothing_falls_below_zero(node):
    clamped = [node, "AddmmBackward0"]
    assert len(found(loss_call(chain=clamped, input=FROM_ZERO))) == 1
    assert found(loss_call(chain=clamped, input=seen(minimum=-1.0))) == []
    assert found(loss_call(chain=clamped, input=None)) == []


def test_a_comment_says_that_the_logits_are_meant_to_be_non_negative():
    hazard = place(code="x = h.relu()  # unstuck: ignore[activation-on-logits]")
    found = diagnose(facts(loss_calls=[loss_call(chain=chain("Relu"), place=hazard)]))
    assert (found.findings, len(found.ignored)) == ((), 1)


def test_pooling_in_between_is_healthy():
    squeezed = loss_call(chain=chain("Mean", "Relu", "Convolution"), input=FROM_ZERO)
    assert found(squeezed) == []


def test_names_the_module_and_the_zeros():
    maker = operation("ReluBackward0", "model.3", line=12)
    [finding] = found(loss_call(chain=chain("Relu"), operation=maker, input=FROM_ZERO))
    assert finding.message.startswith("model.3 (ReLU)")
    assert "up to 40% of a batch is exactly 0" in finding.message
    assert str(finding.location) == "train.py:12"
    assert finding.evidence["loss_line"] == "train.py:7"
