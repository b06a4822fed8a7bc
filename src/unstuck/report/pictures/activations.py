"""What the non-linearities let through: a small histogram for each."""

from unstuck.charts import GRID, LINE, MARK, OTHER
from unstuck.records import Finding, Run
from unstuck.records.activations import Activation, Histogram
from unstuck.report.pictures import _svg
from unstuck.report.pictures._picture import (
    NARROW,
    WIDE,
    Key,
    Picture,
    dashed,
    labels,
    middle_folded,
    named,
)
from unstuck.report.wording import number, percent, plural

TITLE = "Activations"

PANELS = 24
COLUMNS = {WIDE: 4, NARROW: 2}
GAP, BARS, HEIGHT = 16, 44, 112
"""Pixels between panels, of the bars, and of a panel with its words."""


def closeness(finding: Finding) -> int:
    """Dead and saturated units."""
    return 3 if "activations" in finding.families else 0


def draw(run: Run) -> Picture | None:
    """The newest histogram of each, with the first as an outline."""
    known = [each for each in run.facts.activations or () if _histograms(each)]
    kept, _, hidden = middle_folded(known, PANELS)
    if not kept:
        return None
    marked = named(run) & {each["layer"] for each in kept}
    if len(marked) == len({each["layer"] for each in kept}):
        marked = frozenset()
    newest = max(each["histograms"][-1]["step"] for each in kept)
    keys = [
        Key(f"newest look, step {newest:,}", LINE, "square"),
        Key("first look", MARK, dashes=dashed(MARK)),
    ]
    if marked:
        keys.append(Key("what the finding is about", OTHER, "square"))
    if hidden:
        keys.append(Key(f"{plural(hidden, 'layer')} in the middle not drawn"))
    return Picture(
        wide=_image(kept, marked, WIDE),
        narrow=_image(kept, marked, NARROW),
        description=_description(known),
        keys=tuple(keys),
    )


def _histograms(activation: Activation) -> list[Histogram]:
    return [each for each in activation["histograms"] if sum(each["counts"])]


def _description(known: list[Activation]) -> str:
    said = [f"{each['layer']}: {_state(each)}" for each in known[:12]]
    if len(known) > 12:
        said.append(f"and {len(known) - 12} more")
    return (
        "What the non-linearities let through, by the layer before them. " + "; ".join(said) + "."
    )


def _state(activation: Activation) -> str:
    """The newest look in a few words."""
    kind = activation["kind"]
    if not activation["looks"]:
        return kind
    look = activation["looks"][-1]
    if look["dead"]:
        return f"{kind}, {percent(look['dead'])} dead"
    if look["zeros"] > look["saturated"]:
        return f"{kind}, {percent(look['zeros'])} zero"
    return f"{kind}, {percent(look['saturated'])} flat"


def _image(kept: list[Activation], marked: frozenset[str], width: int) -> str:
    columns = COLUMNS[width]
    wide = (width - GAP * (columns - 1)) / columns
    names = labels([each["layer"] for each in kept], int(wide / 7.4))
    shapes: list[_svg.Shape] = []
    for index, (each, name) in enumerate(zip(kept, names, strict=True)):
        x, y = index % columns * (wide + GAP), index // columns * (HEIGHT + GAP)
        color = OTHER if each["layer"] in marked else MARK
        shapes.append(_svg.text(x, y + 11, name, fill=color, font=_svg.MONO, bold=color == OTHER))
        shapes += _panel(each, OTHER if color == OTHER else LINE, x, y, wide)
    rows = -(-len(kept) // columns)
    return _svg.image(shapes, width, rows * (HEIGHT + GAP) - GAP)


def _panel(each: Activation, color: str, x: float, y: float, wide: float) -> list[_svg.Shape]:
    histograms = _histograms(each)
    low = min(histogram["low"] for histogram in histograms)
    high = max(histogram["high"] for histogram in histograms)
    top, bottom = y + 38, y + 38 + BARS
    shapes = [
        _svg.text(x, y + 27, _state(each)),
        *_bars(histograms[-1], (low, high), (x, top, wide), color),
        _svg.path(f"M{x:.1f} {bottom:.1f}h{wide:.1f}", stroke=GRID, thick=1),
    ]
    if len(histograms) > 1:
        shapes.append(_outline(histograms[0], (low, high), (x, top, wide)))
    shapes.append(_svg.text(x, bottom + 15, number(low), size=11))
    if low < high:
        shapes.append(_svg.text(x + wide, bottom + 15, number(high), size=11, anchor="end"))
    return shapes


def _places(
    histogram: Histogram, span: tuple[float, float], box: tuple[float, float, float]
) -> list[tuple[float, float, float]]:
    """Left, width and height of each bar; the highest fills the panel."""
    low, high = span
    x, _, wide = box
    counts, largest = histogram["counts"], max(histogram["counts"])
    if not low < high:
        return [(x, 6.0, BARS)]
    scale = wide / (high - low)
    step = max((histogram["high"] - histogram["low"]) / len(counts) * scale, wide / 40)
    start = x + min((histogram["low"] - low) * scale, wide - step)
    if histogram["low"] == histogram["high"]:
        return [(start, step, BARS)]
    return [
        (start + step * index, step, BARS * count / largest) for index, count in enumerate(counts)
    ]


def _bars(
    histogram: Histogram, span: tuple[float, float], box: tuple[float, float, float], color: str
) -> list[_svg.Shape]:
    base = box[1] + BARS
    return [
        _svg.rectangle(left, base - high, max(step - 1, 0.5), high, fill=color)
        for left, step, high in _places(histogram, span, box)
        if high > 0
    ]


def _outline(
    histogram: Histogram, span: tuple[float, float], box: tuple[float, float, float]
) -> _svg.Shape:
    base = box[1] + BARS
    places = _places(histogram, span, box)
    corners = [f"H{left:.1f}V{base - high:.1f}H{left + step:.1f}" for left, step, high in places]
    start = f"M{places[0][0]:.1f} {base:.1f}"
    return _svg.path(
        f"{start}{''.join(corners)}V{base:.1f}", stroke=MARK, thick=1.25, dashes=dashed(MARK)
    )
