"""Pages of checks, remedies and questions by name, number and words; as HTML with their picture."""

import re

import pytest

from unstuck.checks import all_checks
from unstuck.commands import explanation, pages
from unstuck.commands.explain import explain, question
from unstuck.errors import UsageError
from unstuck.questions import all_questions
from unstuck.remedies import all_remedies


@pytest.mark.parametrize(
    "words", ["q03", "Q3", "3", " q03 ", "symmetry-breaking", "Symmetry breaking"]
)
def test_a_question_is_found_by_number_and_name(capsys, words):
    explain(words)
    assert capsys.readouterr().out.startswith("# q03: ")


def test_a_check_has_its_page(capsys):
    explain("Non-Finite-Loss")
    out = capsys.readouterr().out
    assert out.startswith("# non-finite-loss\n")
    assert "## Remedies" in out


def test_a_remedy_has_its_page(capsys):
    explain("add-momentum")
    assert capsys.readouterr().out.startswith("# add-momentum\n")


def test_without_a_name_all_names_are_listed(capsys):
    explain(None)
    out = capsys.readouterr().out
    assert "- non-finite-loss: " in out
    assert "- q22: " in out


def test_words_name_the_other_pages_that_they_fit(capsys):
    explain("weights zero")
    assert re.search(r"these pages too: .*\bq02\b", " ".join(capsys.readouterr().out.split()))
    explain("q03")
    assert "these pages too" not in capsys.readouterr().out


@pytest.mark.parametrize("words", ["zzz", "weights zzz", "", "???"])
def test_words_that_stand_nowhere_are_an_error_with_a_hint(words):
    with pytest.raises(UsageError, match="nothing to explain") as caught:
        explain(words)
    assert "lists all" in caught.value.hint


@pytest.mark.parametrize(
    ("words", "name"), [("nonfinitelos", "non-finite-loss"), ("learningrate", "q01")]
)
def test_a_name_that_is_nearly_right_is_asked_back(words, name):
    with pytest.raises(UsageError) as caught:
        explain(f"{words}s")
    assert caught.value.hint.startswith("did you mean ")
    assert name in caught.value.hint


@pytest.mark.parametrize("words", ["q23", "99", "Q0"])
def test_a_number_of_no_question_says_which_there_are(words):
    with pytest.raises(UsageError, match="no question") as caught:
        explain(words)
    assert caught.value.hint == "the questions are q01 to q22"


def test_two_questions_at_once_are_one_too_many():
    with pytest.raises(UsageError, match="give one name"):
        explain("q13 q14")


def test_a_check_leads_to_its_question_and_a_remedy_to_none():
    assert question("symmetric-units").name == "q03"
    with pytest.raises(UsageError, match="add-momentum is no question"):
        question("add-momentum")


def test_a_question_tells_its_verdicts_below_the_claims():
    lines = pages.question_page(all_questions()["q03"]).splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith('- "'))
    assert lines[first + 1].startswith("    - **supported** ")
    text = "\n".join(lines)
    assert "Checks that watch for it: `initial-scale`, `symmetric-units`." in text
    assert "Remedies that follow: `redraw-initialisation`" in text


def test_every_check_stands_in_one_group_that_has_a_name(capsys):
    groups = pages.grouped()
    assert sorted(name for names in groups.values() for name in names) == sorted(all_checks())
    assert "Everything else" not in groups, "name the new family in GROUPS of commands/pages.py"
    assert "vanishing-gradients" in groups["Gradients, updates, learning rate"]
    assert "overfitting" in groups["Modes and validation"]
    explain(None)
    out = capsys.readouterr().out
    assert [line[3:] for line in out.splitlines() if line.startswith("## ")] == list(groups)


def test_no_family_is_in_two_groups():
    families = [family for group in pages.GROUPS.values() for family in group]
    assert len(families) == len(set(families))


@pytest.mark.parametrize("name", [None, "q01", "dead-units", "weights zero"])
def test_what_goes_to_a_pipe_has_lines_of_one_width(monkeypatch, capsys, name):
    monkeypatch.setenv("COLUMNS", "70")
    explain(name)
    text = re.sub("(?s)```.*?```", "", capsys.readouterr().out)
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert 60 < max(map(len, lines)) <= 70


def test_a_narrow_page_does_not_lose_its_only_picture():
    narrow = explanation.html("q03").partition("(max-width: 36rem)")[2].partition("@media")[0]
    hidden = re.findall(r"(\S.*?) { display: none; }", narrow)
    assert hidden == [".chart svg:first-of-type:not(:last-of-type)"]


@pytest.mark.parametrize("name", ["q03", "non-finite-loss", "add-momentum"])
def test_a_page_is_html_without_network_and_script(name):
    html = explanation.html(name)
    assert html.startswith("<!DOCTYPE html>")
    assert ("<svg" in html) == (name == "q03")
    assert "<script" not in html
    assert "http" not in html
    assert "<h2>" in html or name in all_remedies()


def test_html_in_a_page_is_escaped():
    assert "&lt;b&gt;" in explanation._rendered("a <b>bold</b> word")


def test_the_page_is_written_beside_the_recordings_and_opened(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    opened = []
    monkeypatch.setattr(explanation.webbrowser, "open", lambda url: opened.append(url) or True)
    explain("weights zero", html=True)
    [url] = opened
    assert url == (tmp_path / ".unstuck" / "q03.html").as_uri()
    assert capsys.readouterr().out.strip() == ".unstuck/q03.html"
    assert "<svg" in (tmp_path / ".unstuck" / "q03.html").read_text()
