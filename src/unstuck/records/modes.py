"""The family ``modes``: each model in training and evaluation mode, and what that does to it."""

from typing import TypedDict

from unstuck.records.finding import Place


class BatchNormLayer(TypedDict):
    """``values``: numbers per channel behind one mean, ``batch``: samples, both of the usual batch.

    ``frozen_updates``: updates for which its parameters and those of the layer before it stood
    still while its running statistics moved; ``drift``: how far the means moved meanwhile, in
    standard deviations (root mean square over channels). ``fresh``: they had never been estimated
    before.
    """

    name: str
    kind: str
    channels: int
    values: int | None
    batch: int | None
    fresh: bool
    frozen_updates: int
    drift: float | None
    place: Place | None


class Mode(TypedDict):
    """One model that was trained.

    ``steps``: steps with forward passes that a backward pass reached. In a quiet step all of them
    were made in evaluation mode: ``quiet_since`` is the first of the unbroken run of quiet steps at
    the end, ``quiet_steps`` its length; None and 0 if the last step was not quiet. ``trainable``
    and ``optimized`` count numbers, ``numel`` all of them.
    """

    model: str
    place: Place | None
    forward_place: Place | None
    dropout: list[str]
    batch_norm: list[BatchNormLayer]
    steps: int
    quiet_steps: int
    quiet_since: int | None
    numel: int
    trainable: int
    optimized: int


Modes = list[Mode]
