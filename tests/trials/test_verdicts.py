"""From scores to verdicts: confirmed, rejected, unclear, and who wins."""

import math

import pytest

from unstuck.trials import verdicts


def arm(name, *scores, stopped=None):
    return {
        "name": name,
        "change": "",
        "scores": list(scores),
        "losses": [],
        "steps": 100,
        "stopped": stopped,
    }


UNCHANGED = arm("unchanged", 0.1, 0.2, 0.3)


def said(*scores, name="scale-inputs", stopped=None, least=0.08):
    return verdicts.verdict(UNCHANGED, arm(name, *scores, stopped=stopped), least, 3, 1.0)


def test_a_gain_with_every_seed_is_confirmed():
    found = said(0.5, 0.6, 0.7)
    assert found["status"] == "confirmed"
    assert found["gain"] == pytest.approx(0.4)
    assert found["interval"] == pytest.approx([0.4, 0.4])


def test_one_seed_without_a_gain_is_unclear():
    assert said(0.9, 0.9, 0.31)["status"] == "unclear"


def test_fewer_seeds_confirm_nothing():
    assert said(0.9, 0.9)["status"] == "unclear"


@pytest.mark.parametrize("scores", [(0.1,), (0.12, 0.2, 0.32), (-0.1, 0.0, 0.0)])
def test_no_gain_is_rejected(scores):
    assert said(*scores)["status"] == "rejected"


def test_what_was_not_replayed_is_not_judged():
    found = said(stopped="no optimizer")
    assert (found["status"], found["reason"]) == ("not judged", "no optimizer")


def test_the_interval_is_students():
    """1, 2, 3: mean 2, deviation 1, 4.303 / sqrt(3) on both sides."""
    low, high = verdicts.interval([1.0, 2.0, 3.0])
    assert high - 2 == pytest.approx(4.303 / math.sqrt(3), abs=1e-3)
    assert 2 - low == pytest.approx(high - 2)


def test_the_margin_grows_with_what_a_sham_change_does():
    assert verdicts.margin([0.1, 0.2, 0.3], [0.1, 0.21, 0.3])[0] == verdicts.LEAST
    grown, source = verdicts.margin([0.1, 0.2, 0.3], [0.3, 0.2, 0.31])
    assert grown == pytest.approx(0.2)
    assert "sham" in source


def verdict_of(name, gain, status="confirmed"):
    return {
        "remedy": name,
        "status": status,
        "gain": gain,
        "interval": None,
        "gains": [],
        "breadth": verdicts.breadth(name),
        "reason": "",
        "seconds": 0.0,
    }


def test_the_most_specific_of_the_best_wins():
    """A tenth of the learning rate helps almost as much as scaled inputs, as it often does."""
    assert (
        verdicts.winner([verdict_of("lower-learning-rate", 0.9), verdict_of("scale-inputs", 0.8)])
        == "scale-inputs"
    )


def test_a_specific_remedy_that_helps_little_does_not_win():
    assert (
        verdicts.winner([verdict_of("lower-learning-rate", 0.9), verdict_of("scale-inputs", 0.3)])
        == "lower-learning-rate"
    )


def test_nobody_wins_without_a_confirmation():
    assert verdicts.winner([verdict_of("scale-inputs", 0.9, "unclear")]) is None
    assert verdicts.winner([]) is None


def test_a_pair_must_add_to_its_first():
    pair = arm("scale-inputs+zero-gradients", 0.9, 0.9, 0.9)
    found = verdicts.verdict(UNCHANGED, pair, 0.08, 3, 1.0)
    adds = verdicts.beyond(found, arm("scale-inputs", 0.5, 0.5, 0.5), pair, 0.08)
    same = verdicts.beyond(found, arm("scale-inputs", 0.9, 0.88, 0.9), pair, 0.08)
    assert adds["status"] == "confirmed"
    assert same["status"] == "rejected"
    assert "scale-inputs alone" in same["reason"]


def test_a_pair_is_as_broad_as_its_broader_half():
    assert verdicts.breadth("scale-inputs+lower-learning-rate") == "learning rate"


def test_a_learning_rate_must_help_a_lot():
    assert said(0.2, 0.3, 0.4, name="scale-inputs")["status"] == "confirmed"
    assert said(0.2, 0.3, 0.4, name="lower-learning-rate")["status"] != "confirmed"
    assert said(0.5, 0.6, 0.7, name="lower-learning-rate")["status"] == "confirmed"


def test_what_only_stops_getting_worse_is_not_confirmed():
    """From a score of -.1 to one of 0: as good as a constant prediction, and no better."""
    low = arm("unchanged", -0.1, -0.1, -0.1)
    found = verdicts.verdict(low, arm("scale-inputs", 0.0, 0.01, 0.0), 0.08, 3, 1.0)
    assert found["status"] == "unclear"


def test_a_simplification_wins_nothing():
    assert verdicts.winner([verdict_of("linear-model", 0.9)]) is None
