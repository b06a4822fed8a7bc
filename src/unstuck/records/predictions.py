"""The family ``predictions``: how often each class was predicted, and how often rightly."""

from typing import TypedDict

from unstuck.records.finding import Place


class Prediction(TypedDict):
    """One source of predicted classes.

    ``source``: ``validation`` (a loss function called without gradients), ``outputs`` (a model
    called without gradients: what is predicted is seen, what is true is not) or ``training`` (the
    newest batches of training). ``step``: when. ``counts``, ``predicted`` and ``hits``: for each
    class, how often it was true, predicted, and both; ``counts`` and ``hits`` are empty where the truth is
    unknown. A binary classifier has the classes 0 and 1, by the threshold one half.
    """

    source: str
    place: Place | None
    model: str
    step: int
    passes: int
    samples: int
    counts: list[int]
    predicted: list[int]
    hits: list[int]


Predictions = list[Prediction]
"""Newest pass of each source."""
