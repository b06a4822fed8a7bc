"""Pages of checks and questions by name, number, and part of a name."""

import pytest

from unstuck.commands.explain import explain
from unstuck.errors import UsageError


@pytest.mark.parametrize("words", ["q03", "Q3", "3", " q03 "])
def test_a_question_is_found_by_number(capsys, words):
    explain(words)
    assert capsys.readouterr().out.startswith("# q03: ")


def test_a_check_has_its_page(capsys):
    explain("Non-Finite-Loss")
    out = capsys.readouterr().out
    assert out.startswith("# non-finite-loss\n")
    assert "## Remedies" in out


def test_without_a_name_all_names_are_listed(capsys):
    explain(None)
    out = capsys.readouterr().out
    assert "- non-finite-loss: " in out
    assert "- q22: " in out


@pytest.mark.parametrize(("words", "hint"), [("finite", "non-finite-loss"), ("zzz", "lists all")])
def test_an_unknown_name_has_a_hint(words, hint):
    with pytest.raises(UsageError, match=words) as caught:
        explain(words)
    assert hint in caught.value.hint
