"""The family ``schedulers``: every learning rate scheduler the script built."""

from typing import TypedDict

from unstuck.records.finding import Place


class Scheduler(TypedDict):
    """``steps``: how often it was stepped, ``updates``: how often its optimizer was.

    ``settings``: ``T_max``, ``total_steps``, ``step_size``, ``last_milestone``, ``gamma``, ... as far as it
    has them. ``rates``: ``[updates, learning rate]`` of the first group; ``track``:
    ``[updates, steps of the scheduler]``, both at the sampled steps. ``epochs``: completed passes
    over the training data, ``per_epoch``: updates in one, None where there was no loader.
    ``inner``: it is driven by another scheduler.
    """

    name: str
    optimizer: str
    built_at: Place | None
    steps: int
    updates: int
    settings: dict[str, float]
    rates: list[list[float]]
    track: list[list[float]]
    epochs: int
    per_epoch: int | None
    inner: bool


Schedulers = list[Scheduler]
