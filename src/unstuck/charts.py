"""The style of every chart: colours, type, and SVG that stands in HTML without script or network."""

import re
from typing import Any

# Okabe and Ito's colours for the colour-blind. Wherever two of them stand for two things, the
# marks differ in shape, dashes or place as well.
LINE, OTHER, MARK, TEXT, GRID, WASH = (
    "#0072B2",
    "#D55E00",
    "#1B1A18",
    "#5C5952",
    "#DDD8CE",
    "#F4F1EB",
)
# The page's style sheet selects these very values to follow light and dark.
PALETTE = {
    "accent": LINE,
    "other": OTHER,
    "ink": MARK,
    "soft": TEXT,
    "hair": GRID,
    "wash": WASH,
}
"""The name of each in the page's style sheet."""

DARK = {
    "accent": "#56B4E9",
    "other": "#F08A3C",
    "ink": "#ECE8E0",
    "soft": "#AAA49A",
    "hair": "#3B3833",
    "wash": "#211F1C",
}
"""What each becomes on a dark page."""

SERIES = (LINE, OTHER, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", MARK)
"""For several arms in one chart, in this order."""

FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
"""As wide as what the places of labels and legends are measured with: a wider one would be cut off."""

_NAMESPACE = re.compile(r' (?:xmlns(?::\w+)?|version)="[^"]*"')


def svg(chart: Any, *, style: str = "") -> str:
    """The chart as SVG to stand in HTML: it needs no namespace there, nor an address in it."""
    head, body = _drawn(chart).split(">", 1)
    return f'{_NAMESPACE.sub("", head)}{style} aria-hidden="true">{body}'


def svg_file(chart: Any) -> str:
    """The chart as a file of its own, dark where the page that shows it is."""
    rules = "".join(
        f'[{kind}="{light}"]{{{kind}:{DARK[name]}}}'
        for name, light in PALETTE.items()
        for kind in ("fill", "stroke")
    )
    head, body = _drawn(chart).split(">", 1)
    return f"{head}><style>@media (prefers-color-scheme: dark){{{rules}}}</style>{body}"


def _drawn(chart: Any) -> str:
    import vl_convert

    spec = styled(chart.properties(background="transparent")).to_json(indent=None)
    made: str = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    return made


def styled(chart: Any) -> Any:
    """The chart with our type, colours and grid."""
    return (
        chart.configure(font=FONT, aria=False)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=TEXT,
            titleColor=TEXT,
            gridColor=GRID,
            domainColor=GRID,
            ticks=False,
            labelFontSize=12,
            labelPadding=6,
            titleFontSize=12,
            titlePadding=8,
            titleFontWeight="normal",
        )
        .configure_axisX(grid=False)
        .configure_title(
            fontSize=13, fontWeight=600, color=MARK, subtitleColor=TEXT, anchor="start"
        )
        .configure_header(labelFontSize=12, labelColor=TEXT, title=None)
        .configure_legend(
            labelColor=TEXT, titleColor=TEXT, labelFontSize=12, titleFontSize=12, orient="bottom"
        )
    )


def rows(values: list[dict[str, Any]]) -> Any:
    """Data that stands inside the chart."""
    import altair as alt

    return alt.InlineData(values=values)
