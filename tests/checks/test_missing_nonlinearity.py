import pytest

from unstuck.checks import NotChecked
from unstuck.checks.missing_nonlinearity import missing_nonlinearity

from .sample import edge, facts, layers, node, optimizer


def pair(first, second, *operations, straight=True, **changes):
    between = edge(first["name"], second["name"], *operations, straight=straight)
    return facts(layers=layers(first, second, edges=[between], **changes))


def test_fires():
    [finding] = missing_nonlinearity(pair(node("net.a", 8, 32), node("net.b", 32, 2)))
    assert "net.a (8 -> 32) feeds net.b (32 -> 2)" in finding.message
    assert finding.severity == "warning"


def test_says_when_the_whole_net_is_linear():
    [finding] = missing_nonlinearity(pair(node("a", 8, 32), node("b", 32, 2), functions=[]))
    assert "one linear map" in finding.message


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (node("a", 768, 8), node("b", 8, 768)),  # LoRA, a code, a linear bottleneck
        (node("a", 32, 32, groups=32, kernel=[3, 3]), node("b", 32, 64, kernel=[1, 1])),
        (node("a", 32, 32, kernel=[1, 7]), node("b", 32, 32, kernel=[7, 1])),
        (node("a", 32, 32), node("b", 32, 1000, tied=True)),
        (node("a", 32, 32), node("b", 32, 32, uses=7)),
    ],
)
def test_stays_quiet_on_pairs_that_are_factored_on_purpose(first, second):
    assert missing_nonlinearity(pair(first, second)) == []


def test_stays_quiet_where_something_lies_between():
    assert missing_nonlinearity(pair(node("a"), node("b"), "Relu", straight=False)) == []


def test_stays_quiet_between_two_nets_that_take_turns():
    found = pair(node("generator", 8, 32), node("discriminator", 32, 1))
    both = {"optimizers": [optimizer(), optimizer()], **found.families}
    assert missing_nonlinearity(facts(**both)) == []


def test_what_is_hidden_is_not_checked():
    with pytest.raises(NotChecked):
        missing_nonlinearity(facts(layers=layers(opaque=True)))


def test_the_stem_of_a_residual_net_goes_two_ways():
    names = ("stem", "block.a", "block.b")
    made = layers(*(node(name) for name in names))
    straight = edge("stem", "block.a", straight=True)
    made["edges"] = [straight, edge("stem", "block.b", "Add")]
    assert missing_nonlinearity(facts(layers=made)) == []
    made["edges"] = [straight]
    assert len(missing_nonlinearity(facts(layers=made))) == 1
