"""The order of the trials and what they claim, on replays that are only told."""

import json
import os

import pytest

from unstuck.records import Facts, Finding, Run, ScriptRecord
from unstuck.trials.proving import Unproven, Wish, prove
from unstuck.trials.replays import Replays
from unstuck.trials.run_search import search_run

GIVEN = {step: 1.0 / (step + 1) for step in range(100)}


class Told:
    """A source whose replays score what a function says of their changes, seed and rate."""

    patience = 5.0

    def __init__(self, score, *, losses=None, kind="rows kept back", rates=(0.1, 0.1, 0.1), **more):
        self.score, self.kind, self.rates, self.more = score, kind, list(rates), more
        self.losses = losses or (lambda words: GIVEN)
        self.orders = []

    def replay(self, words):
        self.orders.append(words)
        reading, writing = os.pipe()
        score = self.score(tuple(words["changes"]), words["seed"], words["rate"])
        losses = self.losses(words)
        steps = [[step, loss] for step, loss in losses.items() if step < words["steps"]]
        lines = [{"losses": steps, "change": "+".join(words["changes"])}]
        if isinstance(score, str):
            lines.append({"unfit": score})
        else:
            scores = {} if score is None else {self.kind: score}
            lines.append(
                {
                    "given": steps,
                    "scores": scores,
                    "function": "cross_entropy",
                    "loss": steps[-1][1],
                    "fresh": 0.0,
                    "steps": len(steps),
                    "rates": self.rates,
                    "stopped": None,
                    **self.more,
                }
            )
            lines.append({"end": None, "lost": {}})
        os.write(writing, b"".join(json.dumps(line).encode() + b"\n" for line in lines))
        os.close(writing)
        return reading

    def end(self):
        pass


def run(*remedies, steps=200, severity="warning", optimizers=1):
    findings = tuple(Finding("m", severity=severity, check=r, remedies=(r,)) for r in remedies)
    facts = Facts({"optimizers": [{"steps": 9}] * optimizers})
    return Run("n", "now", ScriptRecord("train.py", steps=steps), findings, facts=facts)


def proved(source, *remedies, **how):
    wish = how.pop("wish", Wish(10))
    return prove(source, run(*remedies, **how), GIVEN, wish)


def status(trials):
    return {each["remedy"]: each["status"] for each in trials["verdicts"]}


def by(**scores):
    """Scores by the first change; what is not named scores as the run as it is, .3."""

    def score(changes, seed, rate):
        known = [scores[c.replace("-", "_")] for c in changes if c.replace("-", "_") in scores]
        return max([0.3, *known])

    return score


def test_the_remedy_that_helps_is_confirmed_and_the_other_rejected():
    trials = proved(Told(by(scale_inputs=0.8)), "scale-inputs", "zero-gradients")
    assert status(trials)["scale-inputs"] == "confirmed"
    assert status(trials)["zero-gradients"] == "rejected"
    assert trials["winner"] == "scale-inputs"
    assert trials["self_check"]["largest_difference"] == 0.0
    assert trials["judged_on"] == "rows kept back"


def test_what_does_not_help_with_the_first_seed_is_not_replayed_again():
    source = Told(by())
    trials = proved(source, "zero-gradients")
    tried = [o for o in source.orders if o["changes"] == ["zero-gradients"]]
    assert [order["seed"] for order in tried] == [0]
    assert trials["winner"] is None
    assert "zero-gradients" in trials["excluded"]
    assert trials["verdicts"][0]["reason"] == "no gain with the first seed"


def test_what_is_worse_with_the_first_seed_is_said_to_be_so():
    source = Told(lambda changes, *_: 0.1 if "zero-gradients" in changes else 0.3)
    verdict = proved(source, "zero-gradients")["verdicts"][0]
    assert (verdict["reason"], verdict["gain"]) == ("worse with the first seed", -0.2)


def test_whether_the_time_was_enough_is_kept(monkeypatch):
    assert proved(Told(by()), "zero-gradients")["complete"]
    monkeypatch.setattr(Replays, "fits", lambda self, count: count > 1)
    assert not proved(Told(by()), "zero-gradients")["complete"]


def test_two_faults_are_found_where_neither_remedy_helps_alone():
    def score(changes, seed, rate):
        return 0.9 if {"scale-inputs", "zero-gradients"} <= set(changes) else 0.3

    trials = proved(Told(score), "scale-inputs", "zero-gradients")
    assert trials["winner"] == "scale-inputs+zero-gradients"


def test_a_fault_and_a_rate_are_found_together():
    def score(changes, seed, rate):
        low = rate is not None and rate < 0.02
        return 0.9 if "scale-inputs" in changes and low else 0.3

    trials = proved(Told(score), "scale-inputs")
    assert trials["winner"] == "scale-inputs+lower-learning-rate"


def test_a_pair_that_adds_nothing_is_not_claimed():
    trials = proved(
        Told(by(scale_inputs=0.8, zero_gradients=0.5)), "scale-inputs", "zero-gradients"
    )
    assert trials["winner"] == "scale-inputs"
    assert status(trials)["scale-inputs+zero-gradients"] == "rejected"


def test_a_run_that_learns_is_not_told_to_hurry():
    source = Told(lambda changes, seed, rate: 0.95 if rate and rate > 0.5 else 0.4)
    trials = proved(source)
    assert "raise-learning-rate" not in status(trials)
    assert all((order["rate"] or 0) <= 0.1 for order in source.orders)


def test_a_run_that_stands_still_may_be_told_to():
    flat = dict.fromkeys(range(100), 2.3)
    source = Told(
        lambda changes, seed, rate: 0.9 if rate and rate >= 0.9 else 0.01, losses=lambda _: flat
    )
    trials = prove(source, run(), flat, Wish(10))
    assert trials["winner"] == "raise-learning-rate"


def test_a_run_that_learns_once_it_is_cured_is_not_told_to_hurry():
    """Probabilities given to cross-entropy learn slowly; a higher rate helps them, and the cure as well."""
    flat = dict.fromkeys(range(100), 2.3)

    def score(changes, seed, rate):
        high = bool(rate and rate >= 0.9)
        return (0.4 + 0.5 * high) if "scale-inputs" in changes else (0.01 + 0.35 * high)

    def losses(words):
        return GIVEN if "scale-inputs" in words["changes"] else flat

    trials = prove(Told(score, losses=losses), run("scale-inputs"), flat, Wish(10))
    assert trials["winner"] == "scale-inputs"
    assert "scale-inputs+raise-learning-rate" not in status(trials)


def test_a_warm_up_is_not_a_low_rate():
    flat = dict.fromkeys(range(100), 2.3)
    source = Told(
        lambda changes, seed, rate: 0.9 if rate and rate >= 0.9 else 0.01,
        losses=lambda _: flat,
        rates=(0.1, 0.001, 0.1),
    )
    assert prove(source, run(), flat, Wish(10))["winner"] is None


def test_what_a_sham_change_does_as_well_is_not_confirmed():
    trials = proved(Told(by(sham=0.7, scale_inputs=0.75)), "scale-inputs")
    assert trials["margin"] == pytest.approx(0.4)
    assert trials["winner"] == "scale-inputs"  # .45 is more than .4
    trials = proved(Told(by(sham=0.7, scale_inputs=0.69)), "scale-inputs")
    assert trials["winner"] is None


def test_remedies_of_notes_are_not_tried():
    source = Told(by(scale_inputs=0.8))
    assert proved(source, "scale-inputs", severity="note")["verdicts"] == []


def test_broad_remedies_wait_until_nothing_else_helps():
    source = Told(by(scale_inputs=0.8, other_optimizer=0.8))
    trials = proved(source, "other-optimizer", "scale-inputs")
    assert status(trials)["other-optimizer"] == "not judged"
    assert proved(Told(by(other_optimizer=0.8)), "other-optimizer")["winner"] == "other-optimizer"


def test_another_loss_in_the_replay_claims_nothing():
    other = GIVEN | {40: 0.5}
    source = Told(by(), losses=lambda words: GIVEN if words["changes"] else other)
    with pytest.raises(Unproven, match="other losses from step 40 on"):
        proved(source, "scale-inputs")


def test_the_reason_of_a_change_that_does_not_fit_is_kept():
    def score(changes, seed, rate):
        return "inputs are integers" if "scale-inputs" in changes else 0.3

    [verdict] = proved(Told(score), "scale-inputs")["verdicts"]
    assert (verdict["status"], verdict["reason"]) == ("not judged", "inputs are integers")


def test_without_a_score_the_fall_of_the_loss_is_taken():
    trials = proved(Told(lambda *_: None), "scale-inputs")
    assert trials["score"].startswith("fall of the loss")


def test_several_optimizers_without_a_score_claim_nothing():
    with pytest.raises(Unproven, match="several optimizers"):
        proved(Told(lambda *_: None), "scale-inputs", optimizers=2)


def test_few_steps_prove_nothing():
    with pytest.raises(Unproven, match="20 steps are too few"):
        proved(Told(by()), "scale-inputs", steps=20)


def test_experiments_are_made_for_the_checks_that_ask():
    wish = Wish(10, experiments=("shuffled-labels",))
    arms = {arm["name"]: arm for arm in proved(Told(by()), wish=wish)["arms"]}
    assert len(arms["shuffled-labels"]["scores"]) == 3


def test_the_search_names_the_rate_that_trains_best():
    def losses(words):
        if not words["changes"]:
            return GIVEN
        pace = {1e-1: 0.05, 3.2e-1: 0.01}.get(words["rate"], 0.0)
        return {step: 2.0 - pace * step for step in range(100)}

    found = search_run(Told(by(), losses=losses), run(), GIVEN, Wish(20))
    assert found.choice == 0.1
    assert found.current == 0.1
