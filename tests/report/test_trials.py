"""What the reports say of the replays, in the terminal and on the page."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstuck.checks._verdicts import settle
from unstuck.records import Facts
from unstuck.records.trials import Trials
from unstuck.report import page, terminal
from unstuck.report.trials import in_one_line, summary, to_do, tried

from ..checks import random_facts  # noqa: F401 - registers how random records are drawn
from .sample import (
    CURED,
    EXCLUDED,
    HOSTILE,
    LEFT_OUT,
    LOWER,
    PROVEN,
    REDRAW,
    REMEDIES,
    SOFTMAX,
    STUCK,
    UNEQUAL,
    UNJUDGED,
    judged,
    loss,
    plateau,
    proof,
    run,
    script,
    trials,
)
from .test_page import Page


def settled(made, *findings, **changes):
    facts = Facts({"loss": loss(plateau()), "trials": made})
    return run(*settle(findings, made), facts=facts, **changes)


def both(made):
    """The report as text and as a page, spaces made equal."""
    text = " ".join(terminal(made, REMEDIES, width=80).split())
    return text, Page(page(made, REMEDIES)).text


SENTENCE = (
    "Proven: with one change, learning rate 0.1 to 0.01, the score rises from 0.12 to 0.94 (3 of 3 "
    "seeds, 100 steps, gain 0.82, 95 % interval 0.78 to 0.86, on batches before they are trained on)."
)


def test_the_proof_stands_right_below_the_verdict():
    for said in both(settled(PROVEN, STUCK)):
        assert f"(frequencies of 10 classes) {SENTENCE}" in said
        assert said.index("proven by a replay") > said.index(SENTENCE)
    assert (
        "lower-learning-rate +0.82 (proven), redraw-initialisation +0.01"
        in both(settled(PROVEN, STUCK))[0]
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"judged_on": "validation"}, "on the validation data)."),
        (
            {"judged_on": "training batches"},
            "on the training batches themselves, which says nothing of new data).",
        ),
        ({"before": None}, "the score rises (3 of 3 seeds"),
        ({"interval": None, "gain": None}, "(3 of 3 seeds, 100 steps, on batches"),
        ({"seeds": 1, "agreeing": 1}, "(1 of 1 seed, 100 steps"),
        ({"before": -0.001}, "rises from 0.00 to 0.94"),
        ({"change": ""}, "with one change, lower-learning-rate, the score"),
        (
            {"remedy": "lower-learning-rate+scale-inputs", "change": "a and b"},
            "with two changes, a and b, the score",
        ),
    ],
)
def test_the_proof_says_what_was_measured(changes, said):
    for text in both(run(replace(CURED, proof=proof(**changes)))):
        assert said in text


def test_a_proven_symptom_is_told_with_its_cause():
    for text in both(settled(trials(LOWER, winner="lower-learning-rate"), LEFT_OUT)):
        assert text.index("Error: net.stem.weight") < text.index(
            "Proven of loss-not-falling, which it"
        )
        assert "unproven: give-parameters-to-optimizer was not tried" in text
        assert "Lower the learning rate by a factor of 10" in text


def test_no_cause_confirmed_says_what_was_tried_and_by_what_gains():
    text, on_page = both(settled(EXCLUDED, STUCK, replace(SOFTMAX, severity="warning")))
    said = (
        "No cause confirmed: 2 changes replayed, 100 steps with 3 seeds each. None gains more than "
        "0.05 of the score."
    )
    assert said in text
    assert said in on_page
    assert "Replayed redraw-initialisation +0.01, lower-learning-rate -0.02 Checked" in text
    assert "redraw initialisation of 3 layers +0.01 -0.03 to 0.05 ruled out 12.3 s" in on_page
    assert "warning models/net.py:17 softmax-before-cross-entropy (ruled out):" in text
    assert "Warning: cross_entropy receives" in on_page
    for one in (text, on_page):
        assert "its remedies changed nothing measurable (lower-learning-rate -0.02, redraw" in one
        assert "worse with" not in one
        assert "What to do" not in one


def test_no_cause_confirmed_without_any_finding():
    for text in both(settled(EXCLUDED)):
        assert "No cause confirmed: 2 changes replayed" in text


def test_seeds_that_disagree_are_not_called_excluded():
    unclear = judged("redraw-initialisation", 0.3, "unclear", "the seeds disagree")
    text = both(settled(trials(unclear), STUCK))[0]
    assert "1 change replayed, 100 steps with 3 seeds each. Their seeds disagree." in text
    assert "redraw-initialisation +0.30 (unclear)" in text
    text = both(settled(trials(unclear, judged("lower-learning-rate", 0.0)), STUCK))[0]
    assert "1 unclear, no other gains more than 0.05" in text


COMMAND = "unstuck check --budget 15m train.py --epochs 30"
AGAIN = "unstuck check train.py --epochs 30"


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            UNEQUAL,
            "Nothing is proven: replayed unchanged, the script gave other losses than before (by up to "
            "0.31 in 60 steps). Seed what is random in it, then try:",
        ),
        (
            UNJUDGED,
            "Nothing is proven: no change could be judged in the time. To try with more:",
        ),
    ],
)
def test_without_a_proof_it_says_why_and_names_the_command(made, said):
    for text in both(settled(made, STUCK)):
        assert f"{said} {COMMAND if made is UNJUDGED else AGAIN}" in text
    notebook = settled(made, STUCK, script=script(kind="block"))
    assert "unstuck check" not in both(notebook)[0]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            trials(judged("lower-learning-rate", None, "not judged", "its rate is scheduled")),
            "no change could be judged (its rate is scheduled).",
        ),
        (
            trials(remarks=["Only 4 distinct batches."]),
            "no change could be judged (Only 4 distinct batches).",
        ),
        (
            trials(),
            "Nothing is proven: nothing that was found names a change that a replay can make.",
        ),
    ],
)
def test_more_time_is_asked_for_only_where_time_was_the_reason(made, said):
    for text in both(settled(made, STUCK)):
        assert said in text
        assert "more time" not in text
        assert "--budget" not in text


def test_a_run_that_could_not_be_replayed_says_why():
    facts = Facts({"loss": loss(plateau())}, {"trials": "the script forks no process."})
    for text in both(run(STUCK, facts=facts)):
        assert "No change was replayed: the script forks no process." in text
        assert "--budget" not in text
    assert summary(run(facts=facts)) is None
    assert summary(run(STUCK)) is None


UNNAMED = replace(STUCK, remedies=("redraw-initialisation",))


@pytest.mark.parametrize("findings", [(), (UNNAMED,)])
def test_a_winner_that_no_finding_shown_names_is_told_and_advised(findings):
    for text in both(settled(PROVEN, *findings)):
        assert (
            "lower-learning-rate: the run learns better with it (learning rate 0.1 to 0.01: gain +0.82, "
            "95 % interval 0.78 to 0.86), but no finding here names it."
        ) in text
        assert text.index("names it.") < text.index("What to do") < text.index("Lower the learning")
        assert "lr=0.01) # was lr=0.1" in text
        assert text.count("Lower the learning") == 1
    assert "What to do (proven by a replay)" in both(settled(PROVEN, *findings))[0]


def test_what_made_it_worse_is_named_with_how_much():
    worse = trials(judged("lower-learning-rate", -0.4), REDRAW)
    said = "None gains more than 0.05 of the score; worse with lower-learning-rate (-0.40)."
    for text in both(settled(worse, STUCK)):
        assert said in text
        assert "its remedies made it worse (lower-learning-rate -0.40) or changed nothing" in text


def test_nobody_is_advised_to_do_what_was_excluded():
    made = settled(trials(judged("lower-learning-rate", 0.0)), STUCK)
    for text in both(made):
        assert "Draw the hidden weights at random" in text
        assert "Lower the learning rate by a factor of 10" not in text


def test_both_remedies_of_a_pair_are_to_be_done():
    names = "lower-learning-rate+redraw-initialisation"
    made = trials(
        judged("lower-learning-rate", 0.0), REDRAW, judged(names, 0.7, "confirmed"), winner=names
    )
    now, others = to_do(settled(made, STUCK).findings[0], REMEDIES, frozenset())
    assert [name for name, _ in now] == names.split("+")
    assert others == []
    for text in both(settled(made, STUCK)):
        assert "Lower the learning rate by a factor of 10" in text
        assert "Draw the hidden weights at random" in text


def test_the_table_has_every_verdict_the_largest_gain_first():
    judge = judged("early-stopping", None, "not judged", "compare two whole runs")
    rows = tried(settled(trials(REDRAW, judge, LOWER, winner="lower-learning-rate"), STUCK))
    assert [(r.remedy, r.gain, r.interval, r.verdict, r.reason, r.cost, r.won) for r in rows] == [
        ("lower-learning-rate", "+0.82", "0.78 to 0.86", "proven", "", "12.3 s", True),
        ("redraw-initialisation", "+0.01", "-0.03 to 0.05", "ruled out", "", "12.3 s", False),
        ("early-stopping", "", "", "not judged", "compare two whole runs", "0 s", False),
    ]
    made = settled(trials(REDRAW, judge, LOWER, winner="lower-learning-rate"), STUCK)
    assert in_one_line(made).endswith("redraw-initialisation +0.01; not judged: 1")


def test_the_page_says_how_it_was_measured():
    said = both(settled(trials(LOWER, winner=LOWER["remedy"], remarks=["Said aside."]), STUCK))[1]
    assert (
        "The score is the balanced log-likelihood, on batches before they are trained on: 1 is perfect, "
        "0 is what a constant prediction reaches. A gain counts above 0.05 (the 99th percentile of the "
        "sham's gains)."
    ) in said
    assert (
        "9 replays in 41 s; the one without any change gave the recorded losses (largest difference 0 "
        "in 60 steps). Said aside."
    ) in said


MANY = trials(
    LOWER,
    *(judged(f"a-remedy-with-a-long-name-{i}", i / 100) for i in range(5)),
    winner="lower-learning-rate",
)


@pytest.mark.parametrize("made", [PROVEN, EXCLUDED, UNEQUAL])
def test_one_finding_fits_one_screen_with_its_proof(made):
    lines = terminal(settled(made, STUCK), REMEDIES, width=80).splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("made", [MANY, PROVEN, EXCLUDED, UNEQUAL, UNJUDGED])
@pytest.mark.parametrize("width", [80, 120])
def test_the_usual_report_fits_forty_lines_with_its_proof(made, width):
    names = [f"some-check-{i}" for i in range(43)]
    why = {name: f"the reason number {i % 7} of them" for i, name in enumerate(names[30:])}
    many = {"checked": tuple(names[:30]), "not_checked": why}
    lines = terminal(settled(made, LEFT_OUT, SOFTMAX, **many), REMEDIES, width=width).splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_change_or_reason_is_text_and_nothing_else(text):
    said = proof(change=text, reason=text, remedy=text, judged_on=text, score=text)
    named = judged(text, 0.5, "unclear", text, text) | {"status": text}
    facts = Facts({"trials": trials(named, margin_source=text, remarks=[text])}, {"trials": text})
    for status in ("confirmed", text):
        made = run(replace(STUCK, status=status, proof=said), SOFTMAX, facts=facts)
        seen = Page(page(made, REMEDIES))
        assert not {"script", "img", "link", "iframe"} & {*seen.tags}
        assert not [name for _, name, _ in seen.attributes if name.startswith("on")]
        assert "49" not in seen.text
        plain = terminal(made, REMEDIES, width=80)
        assert all(c == "\n" or c.isprintable() for c in plain)


DAMAGED = (3, [], {}, {"verdicts": 3}, PROVEN | {"verdicts": [{}]}, PROVEN | {"self_check": None})


@pytest.mark.parametrize("damaged", DAMAGED)
def test_damaged_trials_cost_only_themselves(damaged):
    made = run(CURED, STUCK, facts=Facts({"loss": loss(plateau()), "trials": damaged}))
    for text in both(made):
        assert "Error: after 200 steps" in text
        assert SENTENCE in text
    both(replace(made, findings=(STUCK,)))


@given(st.from_type(Trials))
def test_any_trials_of_the_right_shape_are_reported(made):
    terminal(settled(made, STUCK, SOFTMAX), REMEDIES, width=80)


@given(st.from_type(Trials))
def test_any_trials_of_the_right_shape_are_put_in_a_table(made):
    assert len(tried(settled(made))) in (0, len(made["verdicts"]))
