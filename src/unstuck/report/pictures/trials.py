"""The losses of the replays: as the script is, and with one thing changed."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from unstuck import charts
from unstuck.charts import LINE, MARK, OTHER, TEXT
from unstuck.records import Finding, Run
from unstuck.records.series import median
from unstuck.records.trials import Arm, Trials
from unstuck.report.pictures import _chart
from unstuck.report.pictures._picture import DASHES, NARROW, WIDE, Key, Picture, dashed
from unstuck.report.trials import proven
from unstuck.report.wording import number, plural

TITLE = "Replays: the loss with one thing changed"

HEIGHTS = {WIDE: 240, NARROW: 220}

DECADES = 2
"""Losses that span more than these are drawn on a logarithmic scale."""

HEADROOM = 0.06
"""Share of the axis left free above the highest value."""

DRAWABLE = 1e300
"""Larger numbers overflow when an axis is computed from their differences."""

STRONG, FAINT = 2.25, 1.0
"""Widths of the lines that are told apart, and of those that only stand behind them."""

NAMED = 3
"""Names of the other changes in the key; the table has them all."""

Point = tuple[int, float, float, float]
"""Step, and the lowest, the median and the highest loss of the seeds."""


@dataclass(frozen=True)
class Curve:
    """One arm; ``role``: ``unchanged``, ``sham``, ``winner`` or ``other``.

    ``broken``: some of its losses are not finite, or too large to draw.
    """

    name: str
    role: str
    points: tuple[Point, ...]
    broken: bool = False

    @property
    def color(self) -> str:
        """That of its role; the others are grey."""
        return {"winner": LINE, "unchanged": OTHER, "sham": MARK}.get(self.role, TEXT)

    @property
    def thick(self) -> float:
        """The width of its line."""
        return FAINT if self.role == "other" else STRONG

    @property
    def values(self) -> list[float]:
        """All that its band covers."""
        return [value for point in self.points for value in point[1:]]


def closeness(finding: Finding) -> int:
    """What proves the finding shows it best."""
    return 4 if proven(finding) else 0


def draw(run: Run) -> Picture | None:
    """One line an arm; None where nothing was replayed."""
    trials: Trials | None = run.facts.trials
    curves = _curves(trials) if trials else []
    if not any(curve.role in ("unchanged", "winner") for curve in curves):
        return None
    return Picture(
        wide=_chart.svg(_layers(curves, WIDE), WIDE, HEIGHTS[WIDE]),
        narrow=_chart.svg(_layers(curves, NARROW), NARROW, HEIGHTS[NARROW]),
        description=_description(curves),
        keys=tuple(_keys(curves, len(trials["seeds"]) if trials else 0)),
    )


def _curves(trials: Trials) -> list[Curve]:
    """Back to front: the grey ones first, the winner last; without those that cannot be drawn."""
    order = ["other", "sham", "unchanged", "winner"]
    curves = [_curve(arm, trials["winner"]) for arm in trials["arms"]]
    return sorted((c for c in curves if c.points), key=lambda curve: order.index(curve.role))


def _curve(arm: Arm, winner: str | None) -> Curve:
    role = "winner" if arm["name"] == winner else arm["name"]
    if role not in ("winner", "unchanged", "sham"):
        role = "other"
    pairs = [(int(step), value) for seed in arm["losses"] for step, value in seed]
    at: dict[int, list[float]] = {}
    for step, value in pairs:
        if math.isfinite(value) and abs(value) < DRAWABLE:
            at.setdefault(step, []).append(value)
    points = tuple((s, min(each), median(each), max(each)) for s, each in sorted(at.items()))
    return Curve(arm["name"], role, points, sum(map(len, at.values())) < len(pairs))


def _description(curves: Sequence[Curve]) -> str:
    """The picture in words, for those who do not see it."""
    said = [
        f"{curve.name}: from {number(curve.points[0][2])} to {number(curve.points[-1][2])}"
        for curve in reversed(curves)
    ]
    return f"Median loss of the replays at their first and last step. {'; '.join(said)}."


def _keys(curves: Sequence[Curve], seeds: int) -> list[Key]:
    by_role = {curve.role: curve for curve in curves}
    keys = []
    if "winner" in by_role:
        keys.append(Key(f"{_words(by_role['winner'].name)} (proven)", LINE, thick=STRONG))
    if "unchanged" in by_role:
        keys.append(Key("as the script is", OTHER, dashes=dashed(OTHER), thick=STRONG))
    if "sham" in by_role:
        text = "a change that should not matter"
        keys.append(Key(text, MARK, dashes=dashed(MARK), thick=STRONG))
    others = [_words(curve.name) for curve in curves if curve.role == "other"]
    if others:
        more = f" and {len(others) - NAMED} more" if len(others) > NAMED else ""
        keys.append(Key(f"{', '.join(others[:NAMED])}{more}", TEXT, thick=FAINT))
    scale = ", logarithmic scale" if _logarithmic(curves) else ""
    keys.append(Key(f"median of {plural(seeds, 'seed')}, band from lowest to highest{scale}"))
    if any(curve.broken for curve in curves):
        keys.append(Key("not drawn: losses that are NaN or too large to draw"))
    return keys


def _words(name: str) -> str:
    return name.replace("-", " ").replace("+", " and ")


def _told(curves: Iterable[Curve]) -> list[float]:
    """The values that set the axis: a grey curve that explodes must not flatten the others."""
    return [value for curve in curves if curve.role != "other" for value in curve.values]


def _logarithmic(curves: Sequence[Curve]) -> bool:
    values = _told(curves)
    return min(values) > 0 and math.log10(max(values)) - math.log10(min(values)) > DECADES


def _domain(curves: Sequence[Curve]) -> list[float]:
    low, high = min(_told(curves)), max(_told(curves))
    if _logarithmic(curves):
        return [low, high]
    low, high = min(low, 0.0), max(high, 0.0)
    return [low, high + (HEADROOM * (high - low) or 1.0)]


def _decades(domain: Sequence[float]) -> list[float]:
    """Powers of ten in the domain, at most six: Vega draws a line for each 2, 3, ... between them."""
    first, last = math.ceil(math.log10(domain[0])), math.floor(math.log10(domain[1]))
    return [10.0**power for power in range(first, last + 1, (last - first) // 6 + 1)]


def _layers(curves: Sequence[Curve], width: int) -> Any:
    """The bands of what is told apart, then all lines; what altair builds has no type."""
    import altair as alt

    kind: Literal["log", "linear"] = "log" if _logarithmic(curves) else "linear"
    domain = _domain(curves)
    decades = _decades(domain) if kind == "log" else []
    scale = alt.Scale(type=kind, domain=domain, nice=False)
    axis = alt.Axis(format=".4~g", tickCount=5, values=decades or alt.Undefined)
    up = alt.Y("loss:Q", title=None, axis=axis, scale=scale)
    bands = [_band(curve, scale) for curve in curves if curve.role in ("unchanged", "winner")]
    lines = [_line(curve, width, up, domain) for curve in curves]
    return alt.layer(*bands, *lines)


def _band(curve: Curve, scale: Any) -> Any:
    import altair as alt

    rows = [{"step": step, "low": low, "high": high} for step, low, _, high in curve.points]
    chart = alt.Chart(charts.rows(rows)).mark_area(color=curve.color, fillOpacity=0.16, aria=False)
    return chart.encode(x="step:Q", y=alt.Y("low:Q", title=None, scale=scale), y2=alt.Y2("high:Q"))


def _line(curve: Curve, width: int, up: Any, domain: Sequence[float]) -> Any:
    import altair as alt

    low, high = domain
    rows = [
        {"step": step, "loss": middle if low <= middle <= high else None}
        for step, _, middle, _ in curve.points
    ]
    chart = alt.Chart(charts.rows(rows)).mark_line(
        color=curve.color,
        strokeWidth=curve.thick,
        strokeOpacity=0.75 if curve.role == "other" else 1,
        strokeDash=[] if curve.role in ("winner", "other") else list(DASHES[curve.color]),
        strokeJoin="round",
        aria=False,
    )
    return chart.encode(x=_chart.steps(width), y=up)
