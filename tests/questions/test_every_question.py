"""What holds for each of the 22 questions."""

import re
from statistics import fmean, stdev

import pytest

from unstuck import questions
from unstuck.charts import svg
from unstuck.questions import all_questions

HEADINGS = ["Answer", "Popular claims", "Watch for it", "Remedy", "Sources"]
QUESTIONS = all_questions()

every_question = pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)


def sections(question):
    parts = re.split(r"^## (.*)$", question.text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], (part.strip() for part in parts[2::2]), strict=True))


def test_there_are_22():
    assert list(QUESTIONS) == [f"q{number:02d}" for number in range(1, 23)]


def test_no_two_have_the_same_slug():
    assert len({question.slug for question in QUESTIONS.values()}) == 22


@every_question
def test_it_asks(question):
    assert question.title.endswith("?")
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", question.slug)


@every_question
def test_its_sections_are_there_in_order(question):
    assert re.findall(r"^## (.*)$", question.text, flags=re.MULTILINE) == HEADINGS
    assert all(sections(question).values())


@every_question
def test_the_answer_fits_a_screen(question):
    answer = sections(question)["Answer"].splitlines()
    assert len(answer) <= 12
    assert max(map(len, answer)) <= 88


@every_question
def test_no_line_is_too_long(question):
    assert max(map(len, question.text.splitlines())) <= 88


@every_question
def test_it_names_its_sources_and_judges_claims(question):
    assert all(line[:2] in ("- ", "  ") for line in sections(question)["Sources"].splitlines())
    assert sections(question)["Popular claims"].startswith('- "')


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(questions, "__path__", [str(tmp_path)])
    monkeypatch.setattr(
        questions.pkgutil, "get_data", lambda _, name: (tmp_path / name).read_bytes()
    )
    all_questions.cache_clear()
    yield tmp_path
    all_questions.cache_clear()


def test_a_new_file_is_found_by_its_name(folder):
    (folder / "q23_new_words.py").write_text('"""Why?\n\n## Answer\nSo.\n"""\n1 / 0\n')
    (folder / "evidence.py").write_text("1 / 0\n")
    [found] = all_questions().values()
    assert (found.name, found.slug, found.title) == ("q23", "new-words", "Why?")
    assert found.text == "## Answer\nSo."


def test_a_file_without_a_docstring_is_refused(folder):
    (folder / "q23_new.py").write_text("x = 1\n")
    with pytest.raises(ValueError, match=r"q23_new\.py has no docstring"):
        all_questions()


def test_two_files_of_one_number_are_refused(folder):
    for name in ("q23_one.py", "q23_two.py"):
        (folder / name).write_text('"""Why?"""\n')
    with pytest.raises(ValueError, match="two files are named q23"):
        all_questions()


def module_of(question):
    return question._module


@every_question
def test_its_predictions_judge_claims_of_its_page(question):
    predictions = module_of(question).PREDICTIONS
    assert len({each.number for each in predictions}) == len(predictions) >= 2
    for each in predictions:
        assert each.claim is None or 1 <= each.claim <= len(question.claims), each.says
        assert not each.says.endswith(".")


@every_question
def test_its_evidence_is_of_its_predictions_and_can_be_drawn(question):
    evidence = question.evidence
    predictions = module_of(question).PREDICTIONS
    told = ("says", "number", "bounds", "claim", "limit", "share")
    wanted = [[getattr(p, name) for name in told] for p in predictions]
    assert [[getattr(r, name) for name in told] for r in evidence.results] == wanted
    shares = [n for r in evidence.results if r.share for n in evidence.numbers[r.number]]
    assert all(0 <= n <= 1 for n in shares)
    assert len(evidence.seeds) >= 5
    assert evidence.seconds <= 20
    assert len(evidence.dumps()) < 80_000
    assert svg(question.picture(evidence)).startswith("<svg")


@every_question
def test_no_verdict_hangs_on_the_draw(question):
    """The mean lies 2.5 deviations of one seed inside its bounds, so that other seeds say the same."""
    evidence = question.evidence
    for each in module_of(question).PREDICTIONS:
        values = evidence.numbers[each.number]
        inside = min(fmean(values) - each.low, each.high - fmean(values))
        assert inside >= 2.5 * stdev(values) or each.limit, each.says
