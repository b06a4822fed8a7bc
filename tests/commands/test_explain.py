"""Pages of checks and questions by name, number, and part of a name."""

import pytest

from unstuck.checks import all_checks
from unstuck.commands.explain import GROUPS, explain, grouped
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


def test_every_check_stands_in_one_group_that_has_a_name(capsys):
    groups = grouped()
    assert sorted(name for names in groups.values() for name in names) == sorted(all_checks())
    assert "Everything else" not in groups, "name the new family in GROUPS of commands/explain.py"
    assert "vanishing-gradients" in groups["Gradients, updates, learning rate"]
    assert "overfitting" in groups["Modes and validation"]
    explain(None)
    out = capsys.readouterr().out
    assert [line[3:] for line in out.splitlines() if line.startswith("## ")] == list(groups)


def test_no_family_is_in_two_groups():
    families = [family for group in GROUPS.values() for family in group]
    assert len(families) == len(set(families))
