"""How large gradients and updates are, layer by layer, beside the weights they belong to."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from unstuck import charts
from unstuck.charts import LINE, OTHER
from unstuck.records import Finding, Run
from unstuck.records.gradients import GradientLayer
from unstuck.records.series import median
from unstuck.report.pictures import _chart
from unstuck.report.pictures._picture import (
    NARROW,
    WIDE,
    Key,
    Picture,
    cut,
    labels,
    middle_folded,
    told_apart,
)
from unstuck.report.wording import number, plural

TITLE = "Gradients and updates, layer by layer"

STEP = 24
"""Pixels from one layer to the next."""

LETTERS = {WIDE: 26, NARROW: 13}
LETTER = 7.5
"""Pixels of a letter, in the widest of the usual fonts: a reader's font is not ours to measure."""

SIZES = {"gradient": (LINE, "circle"), "update": (OTHER, "diamond")}

SMALLEST, LARGEST = 1e-45, 1e100
"""Below the one a number of 32 bits is zero; beyond the other an axis would overflow."""


@dataclass(frozen=True)
class Size:
    """A layer's gradient or update, relative to its weight: the median of the looks, and their range.

    ``middle`` is 0 where there was none; None where it was not seen.
    """

    middle: float | None
    low: float = 0.0
    high: float = 0.0


@dataclass(frozen=True)
class Row:
    """One layer."""

    name: str
    sizes: dict[str, Size]


def closeness(finding: Finding) -> int:
    """Gradients that vanish or explode, first weights of a wrong scale, a suspect learning rate."""
    return 3 if "gradients" in finding.families else 0


def draw(run: Run) -> Picture | None:
    """The layers from first to last; None if no size was seen."""
    rows = [_row(layer) for layer in (run.facts.gradients or {}).get("layers", ())]
    rows = [row for row in rows if any(size.middle is not None for size in row.sizes.values())]
    kept, _, hidden = middle_folded(rows)
    if not kept:
        return None
    return Picture(
        wide=_image(kept, WIDE),
        narrow=_image(kept, NARROW),
        description=_description(rows),
        keys=tuple(_keys(kept, hidden)),
    )


def _row(layer: GradientLayer) -> Row:
    looks = [look for look in layer["looks"] if look["weight"] > 0]
    gradients = [look["gradient"] / look["weight"] for look in looks]
    updates = [look["update"] for look in looks if look["update"] is not None]
    return Row(layer["name"], {"gradient": _size(gradients), "update": _size(updates)})


def _size(values: list[float]) -> Size:
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return Size(None)
    shown = [value for value in known if SMALLEST < value < LARGEST]
    middle = median(known)
    if not shown or not SMALLEST < middle < LARGEST:
        return Size(0.0)
    return Size(middle, min(shown), max(shown))


def _description(rows: list[Row]) -> str:
    said = [
        f"{plural(len(rows), 'layer')} from first to last; sizes relative to the layer's weight."
    ]
    for name in SIZES:
        known = [(row.sizes[name].middle, row.name) for row in rows]
        seen = [(value, layer) for value, layer in known if value is not None]
        if seen:
            (low, lowest), (high, highest) = min(seen), max(seen)
            said.append(
                f"{name.capitalize()}: smallest {number(low)} ({cut(lowest, 60)}), largest "
                f"{number(high)} ({cut(highest, 60)})."
            )
    return " ".join(said)


def _keys(rows: list[Row], hidden: int) -> Iterator[Key]:
    yield Key("gradient, as a share of the weight", LINE, "circle")
    yield Key("one update, as a share of the weight", OTHER, "diamond")
    if any(size.low < size.high for row in rows for size in row.sizes.values()):
        yield Key("line: from the smallest to the largest seen")
    if any(size.middle == 0 for row in rows for size in row.sizes.values()):
        yield Key("hollow, at the left: exactly 0")
    if hidden:
        yield Key(f"{plural(hidden, 'layer')} in the middle not drawn")


def _image(rows: list[Row], width: int) -> str:
    names = told_apart(labels([row.name for row in rows], LETTERS[width]))
    left = round(LETTER * max(map(len, names))) + 8
    return _chart.svg(_layers(rows, names, width, left), width - left - 24)


def _layers(rows: list[Row], names: list[str], width: int, left: int) -> Any:
    import altair as alt

    values = list(_values(rows, names))
    domain = _domain(values)
    for each in values:
        if not each["size"]:
            each["size"] = each["low"] = each["high"] = 3 * domain[0]
    x = alt.X(
        "size:Q",
        title=None,
        scale=alt.Scale(type="log", domain=domain, nice=False),
        axis=alt.Axis(
            format=".0e",
            values=_powers(domain, width // 110),
            grid=True,
            orient="top",
            domain=False,
        ),
    )
    y = alt.Y(
        "layer:N",
        title=None,
        sort=None,
        scale=alt.Scale(domain=names),
        axis=alt.Axis(labelLimit=width, minExtent=left, domain=False),
    )
    marks: list[Any] = []
    for kind in SIZES:
        marks += _marks([each for each in values if each["kind"] == kind], kind, x, y)
    return alt.layer(*marks).properties(height=alt.Step(STEP))


def _domain(values: list[dict[str, Any]]) -> list[float]:
    """From below the smallest to above the largest, with room at the left for what is 0."""
    low = min((each["low"] for each in values if each["size"]), default=1e-6)
    high = max((each["high"] for each in values if each["size"]), default=1.0)
    zeros = any(not each["size"] for each in values)
    return [low / (100 if zeros else 2), high * 2]


def _powers(domain: list[float], count: int) -> list[float]:
    """Powers of ten inside the domain, about as many as asked for."""
    low, high = math.ceil(math.log10(domain[0])), math.floor(math.log10(domain[1]))
    stride = max(1, math.ceil((high - low + 1) / max(count, 2)))
    return [10.0**power for power in range(low, high + 1, stride)]


def _marks(values: list[dict[str, Any]], kind: str, x: Any, y: Any) -> Iterator[Any]:
    """The ranges, and on them the medians; hollow where they are 0."""
    import altair as alt

    color, shape = SIZES[kind]
    place: dict[str, Any] = {"yOffset": -4 if kind == "gradient" else 4, "aria": False}
    lines = alt.Chart(charts.rows(values)).mark_rule(color=color, strokeWidth=1.5, **place)
    yield lines.encode(x=alt.X("low:Q"), x2="high:Q", y=y)
    for filled in (True, False):
        these = [each for each in values if each["seen"] == filled]
        dots = alt.Chart(charts.rows(these)).mark_point(
            color=color, shape=shape, filled=filled, size=52, opacity=1, strokeWidth=1.5, **place
        )
        yield dots.encode(x=x, y=y)


def _values(rows: list[Row], names: list[str]) -> Iterator[dict[str, Any]]:
    for row, name in zip(rows, names, strict=True):
        for kind, size in row.sizes.items():
            if size.middle is not None:
                yield {
                    "layer": name,
                    "kind": kind,
                    "size": size.middle,
                    "seen": size.middle > 0,
                    "low": size.low,
                    "high": size.high,
                }
