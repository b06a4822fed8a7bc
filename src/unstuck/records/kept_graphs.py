"""The family ``kept_graphs``: graphs of earlier steps that the script still holds."""

from typing import TypedDict

from unstuck.records.finding import Place


class Count(TypedDict):
    """At ``step``: of ``marked`` marked graphs more than three steps old, how many are ``alive``."""

    step: int
    marked: int
    alive: int


class KeptGraphs(TypedDict):
    """``place``: the line that calls backward."""

    counts: list[Count]
    place: Place | None
