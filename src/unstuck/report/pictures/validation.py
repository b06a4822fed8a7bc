"""The loss in training against the loss in validation."""

from typing import Any

from unstuck import charts
from unstuck.charts import LINE, OTHER
from unstuck.records import Finding, Run
from unstuck.records.series import finite, median
from unstuck.records.validation import Curve
from unstuck.report.pictures import _chart
from unstuck.report.pictures._picture import NARROW, WIDE, Key, Picture, dashed
from unstuck.report.wording import number

TITLE = "Training against validation"

HEIGHTS = {WIDE: 220, NARROW: 200}

PARTS = 64
"""The training loss is drawn as medians of this many parts: single steps would hide the curve."""

Pairs = list[tuple[float, float]]


def closeness(finding: Finding) -> int:
    """Overfitting, and whatever else was read off the validation."""
    return 3 if "validation" in finding.families else 0


def draw(run: Run) -> Picture | None:
    """Two curves; None without at least two evaluations."""
    curve = _curve(run)
    if curve is None:
        return None
    validation, training = (
        finite(curve["values"]),
        _smooth(finite((run.facts.loss or {})["values"])),
    )
    if len(validation) < 2 or not training:
        return None
    return Picture(
        wide=_chart.svg(_layers(training, validation, WIDE), WIDE, HEIGHTS[WIDE]),
        narrow=_chart.svg(_layers(training, validation, NARROW), NARROW, HEIGHTS[NARROW]),
        description=_description(training, validation),
        keys=(
            Key("loss in training, smoothed", LINE),
            Key("loss in validation", OTHER, "circle", dashed(OTHER)),
        ),
    )


def _curve(run: Run) -> Curve | None:
    """The line that was evaluated most often."""
    curves: list[Curve] = (run.facts.validation or {}).get("curves", [])
    return max(curves, key=lambda each: len(each["values"]), default=None)


def _smooth(pairs: Pairs) -> Pairs:
    """Medians of parts of equal length, each at its middle."""
    size = max(1, len(pairs) // PARTS)
    parts = [pairs[i : i + size] for i in range(0, len(pairs), size)]
    return [(part[len(part) // 2][0], median(value for _, value in part)) for part in parts]


def _description(training: Pairs, validation: Pairs) -> str:
    lowest = min(validation, key=lambda pair: pair[1])
    return (
        f"Loss in training: {number(training[0][1])} at first, {number(training[-1][1])} at last. "
        f"Loss in validation: {number(validation[0][1])} at first, lowest {number(lowest[1])} at "
        f"step {int(lowest[0]):,}, {number(validation[-1][1])} at last."
    )


def _layers(training: Pairs, validation: Pairs, width: int) -> Any:
    import altair as alt

    across = _chart.steps(width)
    values = [value for _, value in (*training, *validation)]
    domain = [min(*values, 0.0), 1.06 * max(*values, 0.0) or 1.0]
    up = alt.Y(
        "loss:Q",
        title=None,
        axis=alt.Axis(format=".4~g", tickCount=5),
        scale=alt.Scale(domain=domain, nice=False),
    )
    first = alt.Chart(_rows(training)).mark_line(color=LINE, strokeWidth=2, aria=False)
    second = alt.Chart(_rows(validation)).mark_line(
        color=OTHER, strokeWidth=2, strokeDash=[7, 4], aria=False
    )
    dots = alt.Chart(_rows(validation)).mark_circle(color=OTHER, size=36, opacity=1, aria=False)
    return alt.layer(*(each.encode(x=across, y=up) for each in (first, second, dots)))


def _rows(pairs: Pairs) -> Any:
    return charts.rows([{"step": step, "loss": value} for step, value in pairs])
