"""The record of a proof: read back, compared, counted."""

from dataclasses import replace

import pytest

import unstuck
from unstuck.questions import Evidence, Result
from unstuck.questions._evidence import rounded


def result(mean=0.9, spread=0.01, verdict="supported", **more):
    return Result(
        "accuracy",
        "accuracy",
        "at least 0.8",
        verdict,
        mean,
        (mean - spread, mean + spread),
        **more,
    )


def evidence(*results):
    versions = {"torch": "2.13.0"}
    return Evidence(
        "q03", "2026-01-02", (0, 1, 2), 4.2, versions, results, {"accuracy": [0.9]}, {"a": [1]}
    )


def test_it_survives_json():
    proof = evidence(result(claim=1, limit="a toy"))
    assert Evidence.loads(proof.dumps()) == proof


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"results": [{}]}', "nonsense"])
def test_something_else_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        Evidence.loads(text)


@pytest.mark.parametrize(
    ("other", "differs"),
    [
        (result(), False),
        (result(0.915), False),
        (result(0.5), True),
        (result(0.905, spread=0), False),
        (result(verdict="refuted"), True),
    ],
)
def test_numbers_differ_beyond_their_intervals(other, differs):
    assert result(spread=0.002 if other.mean == 0.905 else 0.01).differs(other) is differs


def test_less_than_a_hundredth_is_no_difference_however_small_the_spread():
    assert not result(0.9, 0).differs(result(0.903, 0))
    assert result(0.9, 0).differs(result(0.92, 0))


def test_what_was_seen_is_rounded():
    assert result(0.91234, 0.0123).seen() == "0.912 (0.9 to 0.925)"
    assert result(3.0, 0.0).seen() == "3"
    assert [rounded(number) for number in (0.0, 2197.0, 1e-9, 219.687)] == [
        "0",
        "2197",
        "1e-09",
        "220",
    ]


def test_of_a_share_nothing_beyond_0_and_1_is_shown():
    assert result(0.99, 0.028, share=True).seen() == "0.99 (0.962 to 1)"
    assert result(0.02, 0.034, share=True).seen() == "0.02 (0 to 0.054)"
    assert result(0.02, 0.034).seen() == "0.02 (-0.014 to 0.054)"  # a difference may be negative
    assert result(1.0, 0.0, share=True).seen() == "1"
    assert result(0.02, 0.034, share=True).interval[0] < 0


def test_verdicts_are_counted_and_given_by_claim():
    proof = evidence(result(claim=2), result(verdict="illustrated"), result(claim=2))
    assert proof.counted() == "2 supported, 1 illustrated"
    assert len(proof.of_claim(2)) == 2
    assert proof.of_claim(None) == [proof.results[1]]


def test_a_notebook_shows_it_as_a_table_with_its_picture():
    proof = unstuck.explain("q03").evidence
    shown = replace(proof, results=(replace(proof.results[0], says="<b>bold</b>"),))._repr_html_()
    assert "<svg" in shown
    assert "&lt;b&gt;bold" in shown
    assert "<b>bold" not in shown
    assert str(evidence(result())).splitlines()[1] == (
        "supported: accuracy: 0.9 (0.89 to 0.91); predicted at least 0.8"
    )
