import math
from dataclasses import replace

import pytest

from unstuck.checks import Check, NotChecked, _diagnosis, check, diagnose, diagnosed
from unstuck.records import Facts, Finding, Location, Run, ScriptRecord
from unstuck.records.finding import SEVERITIES

FACTS = Facts({"loss": {}})


def made(name, *findings, explains=(), needs=("loss",)):
    """A check of that name that finds this in any facts."""

    def find(facts: Facts):
        yield from findings

    find.__name__ = name.replace("-", "_")
    return check(needs=set(needs), explains=set(explains))(find)


def failing(name, error):
    def find(facts: Facts, *, steps: int = 60):
        raise error
        yield

    find.__name__ = name.replace("-", "_")
    return check(needs={"loss"})(find)


@pytest.fixture
def ask(monkeypatch):
    """Diagnose with just these checks."""

    def ask(*checks: Check, facts=FACTS, **how):
        there = {each.name: each for each in checks}
        monkeypatch.setattr(_diagnosis, "all_checks", lambda: there)
        return diagnose(facts, **how)

    return ask


def tree(findings):
    return [(each.check, tree(each.symptoms)) for each in findings]


def test_every_check_is_asked(ask):
    found = ask(made("a", Finding("one"), Finding("two")), made("b"))
    assert [each.message for each in found.findings] == ["one", "two"]
    assert (found.checked, found.not_checked) == (("a", "b"), {})


def test_silence_does_not_pass_for_health(ask):
    facts = Facts({"loss": {}}, {"units": "no layer was seen"})
    found = ask(made("a", needs=["units"]), made("b", needs=["loss_calls"]), made("c"), facts=facts)
    assert found.checked == ("c",)
    assert found.not_checked == {"a": "no layer was seen", "b": "loss calls not recorded"}


@pytest.mark.parametrize(
    ("how", "checked"),
    [
        ({"select": ["a"]}, ("a",)),
        ({"ignore": ["a"]}, ("b",)),
        ({"select": ["a", "b"], "ignore": ["b"]}, ("a",)),
    ],
)
def test_select_and_ignore(ask, how, checked):
    found = ask(made("a"), made("b"), **how)
    assert found.checked == checked
    assert set(found.not_checked.values()) <= {"not selected", "ignored"}
    assert set(found.checked) | set(found.not_checked) == {"a", "b"}


def counting(name):
    def find(facts: Facts, *, tolerated: int = 0, share: float = 0.5):
        yield Finding(f"tolerated {tolerated}, share {share}")

    find.__name__ = name
    return check(needs={"loss"})(find)


def test_options_reach_their_check_alone(ask):
    found = ask(counting("a"), counting("b"), options={"a": {"tolerated": 3}})
    messages = {each.check: each.message for each in found.findings}
    assert messages == {"a": "tolerated 3, share 0.5", "b": "tolerated 0, share 0.5"}


def test_an_option_that_does_not_exist_is_said(ask):
    found = ask(counting("a"), made("b"), options={"a": {"tolerate": 3}, "b": {"x": 1}})
    assert found.not_checked == {
        "a": "it has no option 'tolerate'; its options: tolerated, share",
        "b": "it has no option 'x'; its options: none",
    }


@pytest.mark.parametrize(
    ("code", "ignored"),
    [
        ("optimizer.step()  # unstuck: ignore", True),
        ("optimizer.step()  #unstuck:ignore because it must", True),
        ("optimizer.step()  # noqa # unstuck: ignore[a]", True),
        ("optimizer.step()  # unstuck: ignore[b, a ]", True),
        ("optimizer.step()  # unstuck: ignore[b]", False),
        ("optimizer.step()  # unstuck: ignore[a", False),
        ("optimizer.step()  # unstuck: ignored by the night shift", False),
        ("optimizer.step()  # unstuck: ignore-me", False),
        ("optimizer.step()", False),
        ("", False),
    ],
)
def test_a_comment_on_the_line_ignores(ask, code, ignored):
    finding = Finding("m", location=Location("train.py", 9, code))
    found = ask(made("a", finding, Finding("elsewhere")))
    assert ("m" in [each.message for each in found.ignored]) is ignored
    assert ("m" in [each.message for each in found.findings]) is not ignored
    assert "elsewhere" in [each.message for each in found.findings]


def test_symptoms_stand_under_their_cause(ask):
    found = ask(
        made("loss", Finding("flat", at=199)),
        made("softmax", Finding("twice", severity="warning"), explains=["loss"]),
        made("other", Finding("x", severity="note")),
    )
    assert tree(found.findings) == [("softmax", [("loss", [])]), ("other", [])]


def test_a_chain_of_symptoms_stands_under_the_first_cause(ask):
    found = ask(
        made("flat", Finding("f")),
        made("nan", Finding("n", at=5), explains=["flat"]),
        made("stale", Finding("s", at=1), explains=["nan", "flat"]),
    )
    assert tree(found.findings) == [("stale", [("flat", []), ("nan", [])])]


def test_a_chain_holds_where_the_first_cause_does_not_name_the_last(ask):
    found = ask(
        made("flat", Finding("f")),
        made("nan", Finding("n", at=5), explains=["flat"]),
        made("stale", Finding("s", at=1), explains=["nan"]),
    )
    assert tree(found.findings) == [("stale", [("flat", []), ("nan", [])])]


def test_of_two_causes_the_worse_one_holds_the_symptom(ask):
    found = ask(
        made("a", Finding("mild", severity="warning"), explains=["flat"]),
        made("b", Finding("worse"), explains=["flat"]),
        made("flat", Finding("f")),
    )
    assert tree(found.findings) == [("b", [("flat", [])]), ("a", [])]


def test_a_note_explains_nothing(ask):
    found = ask(
        made("note", Finding("n", severity="note"), explains=["flat"]), made("flat", Finding("f"))
    )
    assert tree(found.findings) == [("flat", []), ("note", [])]


def test_the_symptom_of_an_ignored_cause_becomes_a_finding_of_its_own(ask):
    hidden = Finding("c", location=Location("train.py", 1, "x  # unstuck: ignore"))
    found = ask(made("cause", hidden, explains=["flat"]), made("flat", Finding("f")))
    assert tree(found.findings) == [("flat", [])]
    assert tree(found.ignored) == [("cause", [])]
    cause = made("cause", Finding("c"), explains=["flat"])
    found = ask(cause, made("flat", Finding("f")), ignore=["cause"])
    assert (tree(found.findings), found.ignored) == ([("flat", [])], ())


def test_an_ignored_symptom_is_shown_nowhere(ask):
    hidden = Finding("f", location=Location("train.py", 1, "x  # unstuck: ignore"))
    found = ask(made("cause", Finding("c"), explains=["flat"]), made("flat", hidden))
    assert (tree(found.findings), tree(found.ignored)) == ([("cause", [])], [("flat", [])])


def test_a_misspelt_name_in_a_comment_is_said(ask):
    line = Location("train.py", 9, "loss = f(x)  # unstuck: ignore[loss-brodcast, other-one]")
    found = ask(made("loss-broadcast", Finding("m", location=line), Finding("n", location=line)))
    assert len(found.findings) == 2
    assert found.remarks == (
        "train.py:9: the comment ignores loss-brodcast, no check's name (loss-broadcast is meant?).",
        "train.py:9: the comment ignores other-one, no check's name.",
    )
    right = replace(line, code="loss = f(x)  # unstuck: ignore[loss-broadcast]")
    assert ask(made("loss-broadcast", Finding("m", location=right))).remarks == ()


def test_the_same_said_twice_of_one_line_is_one_finding(ask):
    line, other = Location("train.py", 9), Location("train.py", 10)
    twice = [Finding("m", at=7, location=line), Finding("m", at=3, location=line)]
    found = ask(made("a", *twice, Finding("m", location=other), Finding("n", location=line)))
    assert [(f.message, f.location.line, f.at) for f in found.findings] == [
        ("m", 10, None),
        ("n", 9, None),
        ("m", 9, 3),
    ]


def test_every_finding_of_a_check_that_explains_another_stays(ask):
    found = ask(
        made("cause", Finding("one", at=1), Finding("two", at=2), explains=["flat"]),
        made("flat", Finding("f")),
    )
    assert tree(found.findings) == [("cause", [("flat", [])]), ("cause", [])]


def test_the_worst_comes_first_then_the_earliest_then_the_name(ask):
    found = ask(
        made("d", Finding("1", severity="note")),
        made("c", Finding("2", severity="warning", at=3)),
        made("b", Finding("3", at=7)),
        made("a", Finding("4", at=9), Finding("5")),
        made("A", Finding("6", at=7)),
    )
    assert "".join(each.message for each in found.findings) == "563421"


def test_a_cause_ranks_by_the_worst_it_explains(ask):
    found = ask(
        made("early", Finding("1", at=2)),
        made("mild", Finding("2", severity="warning"), explains=["flat"]),
        made("flat", Finding("3", at=199)),
    )
    assert tree(found.findings) == [("mild", [("flat", [])]), ("early", [])]


def test_what_is_unclear_is_not_checked(ask):
    found = ask(failing("a", NotChecked("too few steps")), made("b", Finding("m")))
    assert found.not_checked == {"a": "too few steps"}
    assert tree(found.findings) == [("b", [])]


def survivor(errors):
    def survive(name, act):
        try:
            return act()
        except ZeroDivisionError:
            errors.append(name)
            return None

    return survive


def test_a_check_that_raises_loses_only_itself(ask):
    errors = []
    found = ask(
        failing("a", ZeroDivisionError()), made("b", Finding("m")), survive=survivor(errors)
    )
    assert errors == ["a"]
    assert found.not_checked == {"a": "the check itself failed"}
    assert (found.checked, tree(found.findings)) == (("b",), [("b", [])])


def test_what_is_unclear_is_said_under_a_survivor_as_well(ask):
    found = ask(failing("a", NotChecked("too few steps")), survive=survivor([]))
    assert found.not_checked == {"a": "too few steps"}


def test_without_a_survivor_a_bug_shows(ask):
    with pytest.raises(ZeroDivisionError):
        ask(failing("a", ZeroDivisionError()))


def test_a_finding_with_nan_in_its_evidence_is_kept(ask):
    found = ask(made("a", Finding("m", evidence={"loss": math.nan})))
    assert (len(found.findings), found.ignored) == (1, ())


def test_a_run_gets_its_diagnosis(monkeypatch):
    monkeypatch.setattr(_diagnosis, "all_checks", lambda: {"a": made("a", Finding("m"))})
    old = Run("n", "c", ScriptRecord("train.py"), findings=(Finding("old"),), facts=FACTS)
    new = diagnosed(old, ignore=())
    assert [each.message for each in new.findings] == ["m"]
    assert (new.checked, new.script) == (("a",), old.script)
    assert old.findings == (Finding("old"),)


def test_severities_are_ordered():
    assert SEVERITIES == ("error", "warning", "note")
