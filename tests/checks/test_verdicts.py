import math
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstuck.checks import _verdicts, diagnosed
from unstuck.checks._verdicts import settle
from unstuck.records import Facts, Finding, Proof, Run, ScriptRecord
from unstuck.records.finding import SEVERITIES
from unstuck.records.trials import Trials

from . import random_facts  # noqa: F401 - registers how random records are drawn


@dataclass
class Remedy:
    judge: str = ""
    breadth: str = "learning rate"


@pytest.fixture(autouse=True)
def remedies(monkeypatch):
    """Of all remedies only this one is beyond replays."""
    known = {name: Remedy() for name in ("w", "x", "y", "z", "new")}
    known["early-stopping"] = Remedy("Compare two runs to their ends.")
    known["specific"] = Remedy(breadth="specific")
    monkeypatch.setattr(_verdicts, "all_remedies", lambda: known)


def verdict(remedy, gain, status="rejected", reason=""):
    return {
        "remedy": remedy,
        "status": status,
        "gain": gain,
        "interval": None if gain is None else [gain - 0.04, gain + 0.04],
        "gains": [] if gain is None else [gain - 0.01, gain, gain + 0.01],
        "breadth": "specific",
        "reason": reason,
        "seconds": 3.5,
    }


def yes(remedy, gain=0.8):
    return verdict(remedy, gain, "confirmed")


def trials(*verdicts, winner=None, equal=True, remarks=()):
    arms = [("unchanged", 0.1), *((v["remedy"], 0.1 + (v["gain"] or 0)) for v in verdicts)]
    return {
        "self_check": {"steps": 60, "largest_difference": 0.0 if equal else 0.31, "equal": equal},
        "seeds": [0, 1, 2],
        "steps": 100,
        "score": "balanced",
        "judged_on": "validation",
        "margin": 0.05,
        "margin_source": "the sham",
        "arms": [
            {
                "name": name,
                "change": f"{name} in words",
                "scores": [score - 0.01, score, score + 0.01],
                "losses": [],
                "steps": 99,
                "stopped": None,
            }
            for name, score in arms
        ],
        "verdicts": list(verdicts),
        "winner": winner,
        "excluded": [],
        "replays": 12,
        "seconds": 40.0,
        "remarks": list(remarks),
    }


def finding(name, *remedies, severity="error", at=None, symptoms=()):
    return Finding(
        f"{name} is wrong",
        at=at,
        severity=severity,
        check=name,
        remedies=remedies,
        symptoms=tuple(symptoms),
    )


def told(findings):
    """Names and states, each with what it explains."""
    return [(each.check, each.status, *told(each.symptoms)) for each in findings]


def test_the_finding_whose_remedy_won_is_confirmed_and_comes_first():
    found = [finding("a", "x"), finding("b", "y", severity="note")]
    settled = settle(found, trials(yes("y"), verdict("x", 0.01), winner="y"))
    assert told(settled) == [("b", "confirmed"), ("a", "rejected")]
    assert settled[0].severity == "note"
    proof = settled[0].proof
    assert proof.before == pytest.approx(0.1)
    assert proof.after == pytest.approx(0.9)
    assert replace(proof, before=None, after=None) == Proof(
        remedy="y",
        change="y in words",
        gain=0.8,
        interval=(0.8 - 0.04, 0.8 + 0.04),
        seeds=3,
        agreeing=3,
        steps=99,
        score="balanced",
        judged_on="validation",
        seconds=3.5,
    )


def test_of_several_that_name_it_the_one_with_fewest_remedies_is_confirmed():
    found = [finding("a", "x", "y", "z"), finding("b", "y", "z", severity="warning")]
    settled = settle(found, trials(yes("y"), winner="y"))
    assert told(settled) == [("b", "confirmed"), ("a", "outranked")]
    assert settled[1].proof.reason == "another finding names y and little else"
    assert settled[1].severity == "error"


def test_of_equally_specific_ones_the_worse_is_confirmed():
    found = [finding("a", "x", severity="warning"), finding("b", "x"), finding("c", "x")]
    settled = settle(found, trials(yes("x"), winner="x"))
    assert told(settled) == [("b", "confirmed"), ("c", "outranked"), ("a", "outranked")]


def test_what_helps_but_did_not_win_is_outranked():
    settled = settle(
        [finding("a", "w", "x"), finding("b", "y")],
        trials(yes("x", 0.7), yes("y"), verdict("w", 0.0), winner="y"),
    )
    assert told(settled) == [("b", "confirmed"), ("a", "outranked")]
    assert settled[1].proof.gain == 0.7
    assert settled[1].proof.reason == "x +0.70 helps as well, but y was chosen"


def test_rejected_where_all_were_judged_and_none_gained():
    settled = settle(
        [finding("a", "x", "y"), finding("b", "x", severity="warning")],
        trials(verdict("x", -0.001), verdict("y", 0.02)),
    )
    assert told(settled) == [("a", "rejected"), ("b", "rejected")]
    assert [each.severity for each in settled] == ["error", "note"]
    assert settled[0].proof.remedy == "y"
    assert settled[0].proof.reason == (
        "its remedies changed nothing measurable (x +0.00, y +0.02); a gain or a loss counts above 0.05"
    )


@pytest.mark.parametrize(
    ("gains", "reason"),
    [
        ((-0.4, -0.06), "its remedies made it worse (x -0.40, y -0.06)"),
        (
            (0.02, -0.4),
            "its remedies made it worse (y -0.40) or changed nothing measurable (x +0.02)",
        ),
        ((-0.4,), "its remedy made it worse (x -0.40)"),
        ((-0.05,), "its remedy changed nothing measurable (x -0.05)"),
    ],
)
def test_a_remedy_that_made_it_worse_is_said_to_have_done_so(gains, reason):
    names = ("x", "y")[: len(gains)]
    [settled] = settle([finding("a", *names)], trials(*map(verdict, names, gains)))
    assert settled.proof.reason == f"{reason}; a gain or a loss counts above 0.05"


def test_of_an_open_finding_it_is_said_as_well_which_remedy_made_it_worse():
    [settled] = settle([finding("a", "x", "y")], trials(verdict("x", -0.4), verdict("y", 0.01)))
    assert settled.status == "rejected"
    [settled] = settle([finding("a", "x", "new")], trials(verdict("x", -0.4)))
    assert settled.proof.reason == "x -0.40, made it worse; new was not tried"


@pytest.mark.parametrize(
    "other",
    [
        (),  # not tried
        (verdict("y", None, "not judged", "no budget was left"),),
        (verdict("y", 0.3, "unclear"),),
    ],
)
def test_not_rejected_while_a_remedy_is_open(other):
    settled = settle([finding("a", "x", "y")], trials(verdict("x", 0.0), *other))
    assert told(settled) == [("a", "unproven")]


@pytest.mark.parametrize("other", [(), (verdict("early-stopping", None, "not judged"),)])
def test_a_remedy_that_no_replay_can_judge_does_not_keep_the_others_open(other):
    found = [finding("a", "early-stopping", "x")]
    assert told(settle(found, trials(verdict("x", 0.0), *other))) == [("a", "rejected")]


def test_what_no_replay_can_judge_is_unproven_and_says_how_to_judge_it():
    [settled] = settle([finding("a", "early-stopping")], trials(verdict("x", 0.0)))
    assert settled.status == "unproven"
    assert settled.proof.reason == (
        "early-stopping was not judged: Compare two runs to their ends."
    )


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (
            trials(yes("x"), winner="x", equal=False),
            "replayed unchanged, the script gave other losses (by up to 0.31 in 60 steps), so no "
            "change was judged",
        ),
        (trials(), "no change was tried"),
        (trials(remarks=["only 4 distinct batches"]), "only 4 distinct batches"),
        (trials(verdict("y", 0.0)), "x was not tried"),
        (
            trials(verdict("x", None, "not judged", "no budget was left")),
            "x was not judged: no budget was left",
        ),
        (trials(verdict("x", 0.3, "unclear")), "x +0.30, its seeds disagree"),
        (trials(yes("x")), "x +0.80, confirmed, but not chosen as the cause"),
    ],
)
def test_unproven_says_why(made, reason):
    [settled] = settle([finding("a", "x", severity="warning")], made)
    assert (settled.status, settled.severity) == ("unproven", "warning")
    assert settled.proof.reason == reason


def test_a_finding_without_remedy_cannot_be_tried():
    [settled] = settle([finding("a")], trials(verdict("x", 0.0)))
    assert settled.status == "unproven"
    assert settled.proof.reason == "it names no remedy that could be tried"


@pytest.mark.parametrize("status", ["rejected", "unclear", "not judged"])
def test_a_winner_that_was_not_confirmed_confirms_nothing(status):
    made = trials(verdict("x", 0.8, status), winner="x")
    assert settle([finding("a", "x")], made)[0].status != "confirmed"
    assert settle([finding("a", "x")], trials(winner="x"))[0].status == "unproven"


def test_a_pair_confirms_what_names_either():
    found = [finding("a", "x"), finding("b", "y"), finding("c", "y", "z"), finding("d", "z")]
    made = trials(*(verdict(name, 0.0) for name in "xyz"), yes("x+y"), winner="x+y")
    settled = settle(found, made)
    assert told(settled) == [
        ("a", "confirmed"),
        ("b", "confirmed"),
        ("c", "outranked"),
        ("d", "rejected"),
    ]
    assert settled[0].proof == settled[1].proof
    assert settled[0].proof.remedy == "x+y"
    assert settled[0].proof.change == "x+y in words"


def test_unproven_and_outranked_stand_between_by_rank():
    found = [
        finding("late", "new", at=9),
        finding("early", "y", at=1),
        finding("mild", "new", severity="warning"),
        finding("won", "x", severity="warning"),
        finding("out", "z"),
    ]
    settled = settle(found, trials(yes("x"), yes("y"), verdict("z", 0.0), winner="x"))
    assert [each.check for each in settled] == ["won", "early", "late", "mild", "out"]


def test_symptoms_of_a_confirmed_finding_keep_their_place():
    found = [finding("a", "x", symptoms=[finding("s", "y", severity="warning"), finding("t", "x")])]
    settled = settle(found, trials(yes("x"), verdict("y", 0.0), winner="x"))
    assert told(settled) == [("a", "confirmed", ("s", "rejected"), ("t", "outranked"))]
    assert settled[0].symptoms[0].severity == "note"


def test_a_symptom_is_confirmed_if_no_cause_names_the_remedy_and_its_cause_comes_first():
    found = [
        finding("b", "z"),
        finding("a", "new", severity="warning", symptoms=[finding("s", "x")]),
    ]
    settled = settle(found, trials(yes("x"), winner="x"))
    assert told(settled) == [("a", "unproven", ("s", "confirmed")), ("b", "unproven")]


def test_a_cause_is_preferred_to_a_symptom_that_names_fewer_remedies():
    found = [finding("a", "x", "y", symptoms=[finding("s", "x")])]
    settled = settle(found, trials(yes("x"), winner="x"))
    assert told(settled) == [("a", "confirmed", ("s", "outranked"))]


def test_what_a_rejected_cause_explained_stands_alone():
    found = [finding("a", "y", severity="warning", symptoms=[finding("s", "new")])]
    settled = settle(found, trials(verdict("y", 0.0)))
    assert told(settled) == [("s", "unproven"), ("a", "rejected")]
    assert [each.severity for each in settled] == ["error", "note"]


def test_what_a_rejected_cause_explained_goes_to_another_that_explains_it():
    flat = finding("loss-not-falling", "new")
    found = [finding("vanishing-gradients", "y", symptoms=[flat]), finding("stale-gradients", "x")]
    settled = settle(found, trials(verdict("y", 0.0), yes("x"), winner="x"))
    assert told(settled) == [
        ("stale-gradients", "confirmed", ("loss-not-falling", "unproven")),
        ("vanishing-gradients", "rejected"),
    ]


def test_what_was_seen_stays_as_bad_as_it_is_whatever_its_remedy_gains():
    """Evaluation in training mode is wrong, though no replay scores higher without it."""
    flat = finding("s", "new")
    found = [finding("a", "specific", severity="warning", symptoms=[flat]), finding("b", "x")]
    settled = settle(found, trials(verdict("specific", 0.0)))
    assert told(settled) == [("a", "rejected", ("s", "unproven")), ("b", "unproven")]
    assert settled[0].severity == "warning"


def test_numbers_that_are_not_finite_are_not_told_as_numbers():
    made = trials(yes("x", math.nan), winner="x")
    made["arms"][0]["scores"] = [math.inf, 1.0]
    [settled] = settle([finding("a", "x")], made)
    assert settled.status == "confirmed"
    proof = settled.proof
    assert (proof.before, proof.gain, proof.interval) == (None, None, None)


NAMES = st.sampled_from(["x", "y", "z", "early-stopping", "new"])
REMEDIES = NAMES | st.tuples(NAMES, NAMES).map("+".join)
CHECKS = st.sampled_from(["a", "b", "stale-gradients", "vanishing-gradients", "loss-not-falling"])


SEVERE = st.sampled_from(SEVERITIES)
STEPS = st.none() | st.integers(0, 9)
SYMPTOMS = st.builds(finding, CHECKS, NAMES, NAMES, severity=SEVERE, at=STEPS) | st.builds(
    finding, CHECKS, NAMES
)
FOUND = st.lists(
    st.builds(
        finding,
        CHECKS,
        NAMES,
        NAMES,
        severity=SEVERE,
        at=STEPS,
        symptoms=st.lists(SYMPTOMS, max_size=2),
    )
    | SYMPTOMS,
    max_size=4,
)
VERDICTS = st.builds(
    verdict,
    REMEDIES,
    st.none() | st.floats(),
    st.sampled_from(["confirmed", "rejected", "unclear", "not judged"]),
    st.sampled_from(["", "no budget"]),
)
TRIALS = st.builds(
    lambda verdicts, winner, equal: trials(*verdicts, winner=winner, equal=equal),
    st.lists(VERDICTS, max_size=5),
    st.none() | REMEDIES,
    st.integers(0, 5).map(bool),
)


def each_of(found):
    return [each for one in found for each in (one, *each_of(one.symptoms))]


def bare(found):
    """The findings one by one, without what the replays gave them."""
    mild = {"warning": "note"}
    return sorted(
        repr(
            replace(
                each,
                symptoms=(),
                status="unproven",
                proof=None,
                severity=mild.get(each.severity, each.severity),
            )
        )
        for each in each_of(found)
    )


@given(FOUND, TRIALS)
def test_no_finding_is_lost_and_each_is_told_once(found, made):
    assert bare(settle(found, made)) == bare(found)


@given(FOUND, TRIALS)
def test_the_same_answer_twice(found, made):
    settled = settle(found, made)
    assert repr(settle(found, made)) == repr(settled)
    assert repr(settle(settled, made)) == repr(settled)


@given(FOUND)
def test_without_trials_nothing_changes(found):
    assert settle(found, None) == tuple(found)


@given(FOUND, TRIALS)
def test_all_get_a_proof_and_no_error_becomes_milder(found, made):
    settled = each_of(settle(found, made))
    for each in settled:
        assert (each.proof.reason == "") == (each.status == "confirmed")
        assert (each.status, each.severity) != ("rejected", "warning")
    errors = [sum(f.severity == "error" for f in all_) for all_ in (each_of(found), settled)]
    assert errors[0] == errors[1]


@given(FOUND, st.from_type(Trials))
def test_any_trials_of_the_right_shape_are_settled(found, made):
    assert len(each_of(settle(found, made))) == len(each_of(found))


def run(made):
    return Run("n", "c", ScriptRecord("train.py"), facts=Facts({"loss": LOSS, "trials": made}))


LOSS = {
    "values": [[step, math.nan] for step in range(9)],
    "source": "loss function",
    "place": None,
    "nonfinite_steps": [0, 1, 2, 3, 4],
    "nonfinite_count": 9,
    "nonfinite_kind": "nan",
    "recovered": False,
}


def test_a_diagnosis_is_settled():
    [found] = diagnosed(run(None)).findings
    assert found.status == "unproven"
    assert found.proof is None
    name = found.remedies[0]
    [found] = diagnosed(run(trials(yes(name), winner=name))).findings
    assert found.status == "confirmed"


def test_damaged_trials_cost_the_verdicts_and_nothing_else():
    def survive(name, ask):
        try:
            return ask()
        except (TypeError, KeyError):
            return None

    made = diagnosed(run({"verdicts": 3}), survive=survive)
    assert [each.status for each in made.findings] == ["unproven"]
    assert made.remarks == ("What the replays recorded could not be read.",)
    with pytest.raises(KeyError):
        diagnosed(run({"verdicts": 3}))
