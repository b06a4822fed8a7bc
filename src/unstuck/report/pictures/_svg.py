"""Pictures without axes: a few shapes, placed by us. Every text is escaped."""

from collections.abc import Iterable

from markupsafe import Markup, escape

from unstuck.charts import TEXT

Shape = Markup

_SANS = "system-ui, sans-serif"
MONO = "ui-monospace, Menlo, Consolas, monospace"


def image(shapes: Iterable[Shape], width: float, height: float) -> str:
    """The shapes as one image that scales."""
    inside = Markup("").join(shapes)
    return str(
        Markup('<svg class="drawn" width="{}" height="{}" viewBox="0 0 {} {}" aria-hidden="true">{}</svg>')
        .format(_short(width), _short(height), _short(width), _short(height), inside)
    )  # fmt: skip


def rectangle(
    x: float,
    y: float,
    width: float,
    height: float,
    *,
    fill: str = "none",
    stroke: str = "none",
    round_: float = 0,
    opacity: float = 1,
    thick: float = 1,
) -> Shape:
    """A rectangle, filled or only outlined."""
    rest = Markup("") if opacity == 1 else Markup(' fill-opacity="{}"').format(_short(opacity))
    rest += Markup(' rx="{}"').format(_short(round_)) if round_ else Markup("")
    if stroke != "none":
        rest += Markup(' stroke="{}" stroke-width="{}"').format(stroke, _short(thick))
    return Markup('<rect x="{}" y="{}" width="{}" height="{}" fill="{}"{}/>').format(
        _short(x), _short(y), _short(width), _short(height), fill, rest
    )


def path(
    commands: str,
    *,
    stroke: str = "none",
    fill: str = "none",
    thick: float = 1.5,
    dashes: str = "",
    opacity: float = 1,
) -> Shape:
    """A line or an area, as SVG writes them."""
    rest = Markup("") if opacity == 1 else Markup(' fill-opacity="{}"').format(_short(opacity))
    if stroke != "none":
        rest += Markup(' stroke="{}" stroke-width="{}"').format(stroke, _short(thick))
    if dashes:
        rest += Markup(' stroke-dasharray="{}"').format(dashes)
    return Markup('<path d="{}" fill="{}"{}/>').format(commands, fill, rest)


def text(
    x: float,
    y: float,
    said: str,
    *,
    size: float = 12,
    fill: str = TEXT,
    anchor: str = "start",
    font: str = _SANS,
    bold: bool = False,
) -> Shape:
    """A line of text; ``y`` is where its letters stand."""
    rest = Markup(' font-weight="600"') if bold else Markup("")
    rest += Markup("") if anchor == "start" else Markup(' text-anchor="{}"').format(anchor)
    return Markup('<text x="{}" y="{}" font-family="{}" font-size="{}" fill="{}"{}>{}</text>').format(
        _short(x), _short(y), font, _short(size), fill, rest, escape(said)
    )  # fmt: skip


def _short(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
