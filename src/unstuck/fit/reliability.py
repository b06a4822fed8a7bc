"""Whether probabilities mean what they say: how often what was given 70 % came true."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

GROUPS = 10
"""Of rows, equally many in each: equal widths leave most groups nearly empty (Nixon et al. 2019)."""

FEWEST = 10
"""Rows in a group, so that its share says something."""

SURE = 1.96
"""Deviations, 95 %."""


@dataclass(frozen=True)
class Group:
    """Rows of similar probability: its mean, the share that came true, with its interval."""

    said: float
    came_true: float
    low: float
    high: float
    rows: int


def groups_of(probabilities: Tensor, happened: Tensor) -> tuple[Group, ...]:
    """Of probabilities (n,) and whether what they speak of happened (n,)."""
    order = probabilities.argsort(stable=True)
    count = max(1, min(GROUPS, len(order) // FEWEST))
    return tuple(
        _group(probabilities[rows], happened[rows]) for rows in torch.tensor_split(order, count)
    )


def _group(probabilities: Tensor, happened: Tensor) -> Group:
    share, count = float(happened.double().mean()), len(happened)
    low, high = _interval(share, count)
    return Group(float(probabilities.double().mean()), share, low, high, count)


def _interval(share: float, count: int) -> tuple[float, float]:
    """Wilson 1927: it stays within 0 and 1, and is not empty where all or none came true."""
    room = 1 + SURE**2 / count
    middle = (share + SURE**2 / (2 * count)) / room
    half = SURE / room * math.sqrt(share * (1 - share) / count + SURE**2 / (4 * count**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def plain(groups: Sequence[Group]) -> list[dict[str, Any]]:
    """As JSON."""
    return [asdict(each) for each in groups]


def picture(groups: Sequence[dict[str, Any]]) -> Any:
    """What was said against what came true; on the diagonal both are the same."""
    import altair as alt

    from unstuck import charts

    unit = alt.Scale(domain=[0, 1])
    percent = alt.Axis(format="%", tickCount=5)
    said = alt.X("said:Q", title="probability that was given", scale=unit, axis=percent)
    diagonal = (
        alt.Chart(charts.rows([{"said": 0, "true": 0}, {"said": 1, "true": 1}]))
        .mark_line(color=charts.TEXT, strokeDash=[4, 4], strokeWidth=1)
        .encode(said, alt.Y("true:Q", scale=unit))
    )
    seen = alt.Chart(charts.rows(list(groups)))
    title = "share that came true"
    bars = seen.mark_rule(color=charts.LINE).encode(
        said, alt.Y("low:Q", title=title), alt.Y2("high:Q")
    )
    points = seen.mark_circle(color=charts.LINE, size=70, opacity=1).encode(
        said, alt.Y("came_true:Q", title=title, scale=unit, axis=percent)
    )
    return (diagonal + bars + points).properties(width=320, height=320)
