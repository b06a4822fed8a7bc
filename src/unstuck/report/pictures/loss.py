"""The loss of each training step, beside that of a constant prediction."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from unstuck import charts
from unstuck.charts import LINE, MARK, OTHER
from unstuck.records import Finding, Run
from unstuck.records.loss_calls import LossCall
from unstuck.records.series import finite, median
from unstuck.report.pictures import _chart
from unstuck.report.pictures._picture import DASHES, NARROW, WIDE, Key, Picture, dashed
from unstuck.report.wording import number, plural

TITLE = "The loss, step by step"

HEIGHTS = {WIDE: 220, NARROW: 200}

DECADES = 3
"""A loss that spans more than these is drawn on a logarithmic scale."""

DRAWABLE = 1e300
"""Larger numbers overflow when an axis is computed from their differences."""

AGREES = 0.05
"""The constant prediction's loss is drawn only beside the loss that it belongs to: the medians of
both differ by less than this. A loss divided for accumulation differs by half at least."""

HEADROOM = 0.06
"""Share of the axis left free beyond the values, so that a line at the edge is seen whole."""


@dataclass(frozen=True)
class Curve:
    """What the picture shows: pairs of step and loss, None where the loss cannot be drawn."""

    pairs: tuple[tuple[int, float | None], ...]
    left_out: int
    constant: float | None
    at: int | None

    @property
    def drawn(self) -> list[float]:
        """The values that can be drawn."""
        return [value for _, value in self.pairs if value is not None]

    @property
    def logarithmic(self) -> bool:
        """Whether all is positive and spans many decades."""
        low, high = self.span
        return low > 0 and math.log10(high) - math.log10(low) > DECADES

    @property
    def span(self) -> tuple[float, float]:
        """The lowest and the highest value, that of the constant prediction among them."""
        values = [*self.drawn, *([] if self.constant is None else [self.constant])]
        return min(values), max(values)

    @property
    def domain(self) -> list[float]:
        """What the axis covers: from zero, or a plateau's noise would fill the picture."""
        low, high = self.span
        if self.logarithmic:
            return [low, high]
        low, high = min(low, 0.0), max(high, 0.0)
        room = HEADROOM * (high - low) or 1.0
        return [low - (room if low < 0 else 0.0), high + (room if high > 0 or low == 0 else 0.0)]


def closeness(finding: Finding) -> int:
    """What everything else comes down to: it shows every run, if nothing shows it better."""
    return 1


def draw(run: Run) -> Picture | None:
    """The loss of each step; None when no value of it can be drawn."""
    curve = _curve(run)
    if not curve.drawn:
        return None
    return Picture(
        wide=_chart.svg(_layers(curve, WIDE), WIDE, HEIGHTS[WIDE]),
        narrow=_chart.svg(_layers(curve, NARROW), NARROW, HEIGHTS[NARROW]),
        description=_description(curve),
        keys=tuple(_keys(curve)),
    )


def _curve(run: Run) -> Curve:
    family = run.facts.loss or {}
    site = _site(run.facts.loss_calls or ())
    values = family.get("values") or (site["values"] if site else ())
    pairs = tuple((int(step), value if _drawable(value) else None) for step, value in values)
    missing = sum(value is None for _, value in pairs)
    steps = [step for step, _ in pairs]
    at = run.findings[0].at if run.findings else None
    return Curve(
        pairs=pairs,
        left_out=max(missing, family.get("nonfinite_count") or 0),
        constant=_constant(site, values) if site else None,
        at=at if at is not None and steps and steps[0] < at <= steps[-1] else None,
    )


def _drawable(value: float) -> bool:
    return math.isfinite(value) and abs(value) < DRAWABLE


def _site(sites: Sequence[LossCall]) -> LossCall | None:
    """The call that trains most."""
    training = [site for site in sites if site["training"]]
    return max(training, key=lambda site: site["calls"], default=None)


def _constant(site: LossCall, values: Sequence[Sequence[float]]) -> float | None:
    """The loss of the best constant prediction, if it belongs to the values drawn."""
    own, drawn = dict(finite(site["values"])), dict(finite(values))
    common = own.keys() & drawn.keys()
    if site["constant"] is None or not common or not _drawable(site["constant"]["loss"]):
        return None
    middle = median(drawn[step] for step in common)
    apart = abs(median(own[step] for step in common) - middle)
    return site["constant"]["loss"] if apart <= AGREES * abs(middle) else None


def _description(curve: Curve) -> str:
    """The picture in words, for those who do not see it."""
    seen = [(step, value) for step, value in curve.pairs if value is not None]
    (first, start), (last, end) = seen[0], seen[-1]
    said = f"Loss per step: {number(start)} at step {first:,}, {number(end)} at step {last:,}"
    said += f", lowest {number(min(curve.drawn))}, highest {number(max(curve.drawn))}."
    if curve.constant is not None:
        said += f" Always predicting the same would give {number(curve.constant)}."
    if curve.at is not None:
        said += f" The finding is marked at step {curve.at:,}."
    return said


def _keys(curve: Curve) -> list[Key]:
    scale = ", logarithmic scale" if curve.logarithmic else ""
    keys = [Key(f"loss of each step{scale}", LINE)]
    if curve.constant is not None:
        text = f"always predicting the same: {number(curve.constant)}"
        keys.append(Key(text, OTHER, dashes=dashed(OTHER)))
    if curve.at is not None:
        keys.append(Key(f"the finding, step {curve.at:,}", MARK, dashes=dashed(MARK)))
    if curve.left_out:
        steps = plural(curve.left_out, "step")
        keys.append(Key(f"not drawn: {steps} whose loss is NaN or too large to draw"))
    return keys


def _layers(curve: Curve, width: int) -> Any:
    """The layers in their order, from back to front; what altair builds has no type."""
    import altair as alt

    layers = [_rule({"loss": curve.constant}, OTHER)] if curve.constant is not None else []
    layers += [_rule({"step": curve.at}, MARK)] if curve.at is not None else []
    return alt.layer(_line(curve, width), _points(curve), *layers)


def _line(curve: Curve, width: int) -> Any:
    import altair as alt

    rows = [{"step": step, "loss": value} for step, value in curve.pairs]
    kind: Literal["log", "linear"] = "log" if curve.logarithmic else "linear"
    scale = alt.Scale(type=kind, domain=curve.domain, nice=False)
    up = alt.Axis(format=".4~g", tickCount=5)
    return (
        alt.Chart(charts.rows(rows))
        .mark_line(color=LINE, strokeWidth=2, strokeJoin="round", aria=False)
        .encode(
            x=_chart.steps(width),
            y=alt.Y("loss:Q", title=None, axis=up, scale=scale),
        )
    )


def _points(curve: Curve) -> Any:
    """Values between two gaps, which a line cannot show."""
    import altair as alt

    padded = [None, *(value for _, value in curve.pairs), None]
    rows = [
        {"step": step, "loss": value}
        for (step, value), before, after in zip(curve.pairs, padded, padded[2:], strict=False)
        if value is not None and before is None and after is None
    ]
    chart = alt.Chart(charts.rows(rows)).mark_circle(color=LINE, size=40, opacity=1, aria=False)
    return chart.encode(x="step:Q", y="loss:Q")


def _rule(place: Mapping[str, Any], color: str) -> Any:
    """A straight line across the picture at one step or one loss."""
    import altair as alt

    [axis] = place
    channel = alt.X("step:Q") if axis == "step" else alt.Y("loss:Q")
    chart = alt.Chart(charts.rows([dict(place)]))
    rule = chart.mark_rule(
        color=color, strokeDash=list(DASHES[color]), strokeWidth=1.75, aria=False
    )
    return rule.encode(channel)
