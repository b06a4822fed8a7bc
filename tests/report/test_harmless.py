import pytest

from unstuck.records import Finding, Location
from unstuck.report.harmless import LONGEST, harmless, visible

from .sample import HOSTILE, hostile


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("\x1b[31m", "\\x1b[31m"),
        ("a\nb\rc", "a\\nb\\rc"),
        ("a\tb", "a b"),
        ("\x9b", "\\x9b"),
        ("\u202e\u2028\ufeff", "\\u202e\\u2028\\ufeff"),
        ("\ud800", "\\ud800"),
        ("Größe 模型 🧠", "Größe 模型 🧠"),
        ("plain text_1 [x] <y>", "plain text_1 [x] <y>"),
    ],
)
def test_harmful_characters_become_escapes_and_others_stay(text, seen):
    assert visible(text) == seen


def test_long_strings_are_cut():
    assert visible("n" * (LONGEST + 1)) == "n" * (LONGEST - 3) + "..."
    assert visible("n" * LONGEST) == "n" * LONGEST


def test_reaches_every_string_of_a_record():
    finding = Finding(
        "a\n",
        evidence={"b\n": ["c\n", {"d\n": ("e\n", 1.5, None, True)}]},
        location=Location("f\n", 1, "g\n"),
        symptoms=(Finding("h\n"),),
    )
    made = harmless(finding)
    assert "\n" not in str(made.plain()).replace("\\\\n", "")
    assert made.evidence == {"b\\n": ["c\\n", {"d\\n": ("e\\n", 1.5, None, True)}]}
    assert made.symptoms[0].message == "h\\n"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_whole_run_can_be_encoded_and_is_not_altered(text):
    run = hostile(text)
    before = repr(run)
    repr(harmless(run)).encode("utf-8")
    assert repr(run) == before
