import pytest

from unstuck.checks.dropout_too_strong import dropout_too_strong

from .sample import dropout, facts, layers, loss

FLAT, FALLING = loss([2.3] * 60), loss([2.3 * 0.95**step for step in range(60)])


@pytest.mark.parametrize(("series", "severity"), [(FLAT, "warning"), (FALLING, "note")])
@pytest.mark.parametrize("each", [dropout(0.9), dropout(0.1, output=True)])
def test_fires(each, series, severity):
    [finding] = dropout_too_strong(facts(layers=layers(dropouts=[each]), loss=series))
    assert finding.severity == severity


def test_what_the_module_and_the_graph_show_is_one_finding():
    both = [dropout(0.9, "", layer="model.hidden"), dropout(0.9)]
    [finding] = dropout_too_strong(facts(layers=layers(dropouts=both), loss=FLAT))
    assert finding.message.startswith("model.dropout drops 90%")


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.75])
def test_stays_quiet(rate):
    assert dropout_too_strong(facts(layers=layers(dropouts=[dropout(rate)]), loss=FLAT)) == []
