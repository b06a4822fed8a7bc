"""The filters of the first convolution, as small images."""

import math

from unstuck.charts import LINE, OTHER, WASH
from unstuck.records import Finding, Run
from unstuck.records.filter_images import FilterImageLook, FilterImages
from unstuck.report.pictures import _svg
from unstuck.report.pictures._picture import NARROW, WIDE, Key, Picture
from unstuck.report.wording import number, plural

TITLE = "Filters of the first convolution"

LEVELS = 6
"""Shades of each sign: more are not told apart, and make the page larger."""

GAP, HEAD = 8, 24


def closeness(finding: Finding) -> int:
    """Filters that look like noise."""
    return 3 if "filters" in finding.families else 0


def draw(run: Run) -> Picture | None:
    """The filters at the first and at the newest look, in one scale."""
    known: FilterImages | None = run.facts.filter_images
    if known is None or not known["looks"]:
        return None
    largest = max(abs(v) for look in known["looks"] for f in look["weights"] for v in _finite(f))
    if not largest > 0:
        return None
    drawn = len(known["looks"][0]["weights"])
    left_out = known["filters"] - drawn
    keys = [
        Key(f"positive weight, up to {number(largest)}", LINE, "square"),
        Key("negative weight", OTHER, "square"),
    ]
    keys += [Key(f"{plural(left_out, 'filter')} not drawn")] if left_out > 0 else []
    return Picture(
        wide=_image(known, largest, WIDE),
        narrow=_image(known, largest, NARROW),
        description=_description(known, largest, drawn),
        keys=tuple(keys),
    )


def _finite(weights: list[float]) -> list[float]:
    return [weight for weight in weights if math.isfinite(weight)]


def _description(known: FilterImages, largest: float, drawn: int) -> str:
    steps = " and ".join(f"{look['step']:,}" for look in known["looks"])
    size = f"{known['rows']} by {known['columns']}"
    mean = f", mean of {known['channels']} input channels" if known["channels"] > 1 else ""
    return (
        f"{plural(drawn, 'filter')} of {size} weights of {known['name']}{mean}, at step {steps}. "
        f"Largest weight {number(largest)}."
    )


def _image(known: FilterImages, largest: float, width: int) -> str:
    drawn = len(known["looks"][0]["weights"])
    columns = 16 if width == WIDE and drawn > 16 else 8
    size = min((width - GAP * (columns - 1)) / columns, 73)
    shapes: list[_svg.Shape] = []
    y = 0.0
    for look in known["looks"]:
        shapes.append(_svg.text(0, y + 12, f"step {look['step']:,}"))
        y += HEAD
        shapes += _filters(look, known, largest, (y, size, columns))
        y += -(-drawn // columns) * (size + GAP) + GAP
    return _svg.image(shapes, width, y - GAP)


def _filters(
    look: FilterImageLook, known: FilterImages, largest: float, grid: tuple[float, float, int]
) -> list[_svg.Shape]:
    top, size, columns = grid
    shapes: list[_svg.Shape] = []
    shades: dict[tuple[str, int], list[str]] = {}
    cell = size / max(known["rows"], known["columns"])
    for index, weights in enumerate(look["weights"]):
        x, y = index % columns * (size + GAP), top + index // columns * (size + GAP)
        shapes.append(
            _svg.rectangle(x, y, cell * known["columns"], cell * known["rows"], fill=WASH)
        )
        for place, weight in enumerate(weights):
            level = round(LEVELS * abs(weight) / largest) if math.isfinite(weight) else 0
            if level:
                row, column = divmod(place, known["columns"])
                corner = f"M{x + column * cell:.1f} {y + row * cell:.1f}"
                square = f"{corner}h{cell:.1f}v{cell:.1f}h-{cell:.1f}z"
                shades.setdefault((LINE if weight > 0 else OTHER, level), []).append(square)
    for (color, level), squares in sorted(shades.items()):
        shapes.append(_svg.path("".join(squares), fill=color, opacity=level / LEVELS))
    return shapes
