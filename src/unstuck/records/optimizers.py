"""The family ``optimizers``: every optimizer the script built or stepped."""

from typing import TypedDict

from unstuck.records.finding import Place


class Optimizer(TypedDict):
    """``stale_steps`` of ``judged_steps``: updates whose gradients still held those of the update
    before. ``numel`` counts numbers, ``with_gradient`` those that ever had a gradient."""

    name: str
    built_at: Place | None
    stepped_at: Place | None
    steps: int
    settings: dict[str, float]
    groups: int
    numel: int
    with_gradient: int
    judged_steps: int
    stale_steps: int
    first_stale: int | None


Optimizers = list[Optimizer]
