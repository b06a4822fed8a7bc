"""The family ``trials``: the person's own run, replayed with one thing changed at a time."""

from typing import NotRequired, TypedDict

PAIR = "+"
"""Stands between the two remedies of a pair."""


class Arm(TypedDict):
    """One way to run: as the script is, or with one thing changed; replayed with every seed.

    ``name``: ``unchanged``, ``sham`` (a change that should not matter), a remedy's name, two joined by
    ``+``, or an experiment's name. ``change`` says it in words, such as ``learning rate 0.1 to 0.01``.
    ``scores`` and ``losses`` have one entry a seed; ``losses`` are pairs of step and loss, thinned.
    ``steps``: how many each replay made. ``stopped``: why there are fewer than planned, or none.
    """

    name: str
    change: str
    scores: list[float]
    losses: list[list[list[float]]]
    steps: int
    stopped: str | None


class SelfCheck(TypedDict):
    """The unchanged replay against the recorded losses; ``largest_difference`` is absolute."""

    steps: int
    largest_difference: float
    equal: bool


class Verdict(TypedDict):
    """What the trial of one remedy (or pair) says.

    ``status``: ``confirmed``, ``rejected`` (its gain stays below the margin), ``unclear`` (seeds that
    disagree) or ``not judged`` (then ``reason`` says why and how to judge it). ``gain``: the mean over
    seeds of its score minus that of the unchanged arm, ``interval`` its 95 % t-interval, ``gains`` each.
    ``seconds``: what its replays took. ``breadth``: ``specific``, ``learning rate`` or ``panacea``.
    """

    remedy: str
    status: str
    gain: float | None
    interval: list[float] | None
    gains: list[float]
    breadth: str
    reason: str
    seconds: float


class Measured(TypedDict):
    """What was measured on a replay of the run as it is: plain numbers, or why there are none."""

    numbers: dict[str, object]
    stopped: str | None


class Trials(TypedDict):
    """All replays of one run.

    ``winner``: the remedy that is named as what cures the run; None if nothing was confirmed, and then
    ``excluded`` lists what was tried. ``score`` says what is measured (higher is better, 1 is perfect,
    0 is what a constant prediction reaches), ``judged_on`` on what: ``rows kept back``,
    ``batches before they are trained on``, ``validation`` or ``training batches``. ``margin``: what a
    gain must exceed; ``margin_source`` where the number comes from. ``measured``: by its name, what a
    question asked for. ``complete``: whether the time was enough for all that was to be tried. Recordings
    of earlier versions have neither.
    """

    self_check: SelfCheck
    seeds: list[int]
    steps: int
    score: str
    judged_on: str
    margin: float
    margin_source: str
    arms: list[Arm]
    verdicts: list[Verdict]
    measured: NotRequired[dict[str, Measured]]
    complete: NotRequired[bool]
    winner: str | None
    excluded: list[str]
    replays: int
    seconds: float
    remarks: list[str]
