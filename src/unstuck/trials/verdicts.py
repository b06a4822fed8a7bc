"""From the scores of the arms to verdicts: what is confirmed, what wins, and by what margin."""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev

from unstuck.records.trials import PAIR, Arm, Verdict
from unstuck.remedies import BREADTHS, all_remedies

LEAST = 0.08
"""The least gain that counts. In the measurements behind the design (46 seeded cells) the rule named most
causes with .08 to .15, and no sham change passed it."""
COMPETING = 0.8
"""Those with at least so much of the best gain compete; the most specific of them wins."""
# A rate helps a little against much; as the cause it counts where it helps a lot.
_BAR = {"learning rate": 2}
# Student's t for 95 %, by degrees of freedom.
_T = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}


def margin(unchanged: Sequence[float], sham: Sequence[float]) -> tuple[float, str]:
    """What a gain must exceed, and where the number comes from.

    The 99th percentile of the distances that a change makes which should not matter; of as few as the
    seeds that is the largest.
    """
    largest = max((abs(b - a) for a, b in zip(unchanged, sham, strict=False)), default=0.0)
    if largest > LEAST:
        return largest, "the largest distance that a sham change made"
    return LEAST, "the least gain that counts"


def verdict(unchanged: Arm, arm: Arm, least: float, seeds: int, seconds: float) -> Verdict:
    """What one arm says. It is confirmed if the gain exceeds the margin, and half of it with every seed."""
    gains = [b - a for a, b in zip(unchanged["scores"], arm["scores"], strict=False)]
    said: Verdict = {
        "remedy": arm["name"],
        "status": "not judged",
        "gain": None,
        "interval": None,
        "gains": [round(gain, 4) for gain in gains],
        "breadth": breadth(arm["name"]),
        "reason": arm["stopped"] or "",
        "seconds": round(seconds, 2),
    }
    if not gains:
        return said
    said["gain"], said["interval"] = round(fmean(gains), 4), interval(gains)
    least *= _BAR.get(said["breadth"], 1)
    predicts = fmean(arm["scores"]) > LEAST  # what only stops getting worse has not learned
    if len(gains) >= seeds and predicts and fmean(gains) > least and min(gains) > least / 2:
        said["status"] = "confirmed"
    elif fmean(gains) <= least / 2:
        said["status"] = "rejected"
    else:
        said["status"] = "unclear"
        few = f"replayed with {len(gains)} of {seeds} seeds"
        said["reason"] = said["reason"] or (few if len(gains) < seeds else "the seeds do not agree")
    return said


def beyond(said: Verdict, first: Arm, pair: Arm, least: float) -> Verdict:
    """The verdict of a pair, rejected if it adds nothing to what its first remedy gains alone."""
    more = [b - a for a, b in zip(first["scores"], pair["scores"], strict=False)]
    adds = bool(more) and fmean(more) > least and min(more) > least / 2
    if adds or said["status"] not in ("confirmed", "unclear"):
        return said
    return {**said, "status": "rejected", "reason": f"no more than {first['name']} alone"}


def interval(gains: Sequence[float]) -> list[float] | None:
    """95 % t-interval of the mean; None of fewer than two."""
    if len(gains) < 2:
        return None
    half = _T.get(len(gains) - 1, 1.96) * stdev(gains) / math.sqrt(len(gains))
    return [round(fmean(gains) - half, 4), round(fmean(gains) + half, 4)]


def breadth(name: str) -> str:
    """That of a remedy; of a pair the broader."""
    remedies = all_remedies()
    known = [remedies[part].breadth for part in name.split(PAIR) if part in remedies]
    return max(known, key=BREADTHS.index, default="specific")


def winner(verdicts: Sequence[Verdict]) -> str | None:
    """Of the confirmed with almost the best gain, the most specific; first named, first taken.

    A confirmed pair adds to what its first remedy gains alone, so it comes before single ones.
    """
    confirmed = [
        v for v in verdicts if v["status"] == "confirmed" and v["breadth"] != "simplification"
    ]
    pairs = [v for v in confirmed if PAIR in v["remedy"]]
    if not confirmed:
        return None
    if pairs:
        return max(pairs, key=_gain)["remedy"]
    best = max(_gain(v) for v in confirmed)
    competing = [v for v in confirmed if _gain(v) >= COMPETING * best]
    return min(competing, key=lambda v: BREADTHS.index(v["breadth"]))["remedy"]


def _gain(said: Mapping[str, object]) -> float:
    gain = said["gain"]
    return gain if isinstance(gain, float) else 0.0
