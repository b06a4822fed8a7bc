"""The family ``kept_graphs``: graphs of earlier steps that the script still holds."""

from typing import TypedDict

from unstuck.records.finding import Place


class KeptGraphs(TypedDict):
    """``alive``: ``[step, marked graphs that are older than three steps, those of them alive]``.

    ``oldest``: at each of these looks, the oldest step whose graph was still alive, -1 if none.
    """

    marked: int
    alive: list[list[float]]
    oldest: list[list[float]]
    place: Place | None


