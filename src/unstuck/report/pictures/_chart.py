"""Charts with axes: drawn by Vega-Lite, without network and without script."""

import re
from typing import Any

from unstuck.report.pictures._picture import GRID, TEXT

_NAMESPACE = re.compile(r' (?:xmlns(?::\w+)?|version)="[^"]*"')


def svg(chart: Any, width: int, height: int | None = None) -> str:
    """The chart as SVG to stand in HTML: it needs no namespace there, nor an address in it."""
    import vl_convert

    size = {"width": width} | ({} if height is None else {"height": height})
    spec = _styled(chart.properties(background="transparent", **size)).to_json(indent=None)
    made: str = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    head, body = made.split(">", 1)
    return f'{_NAMESPACE.sub("", head)} aria-hidden="true">{body}'


def _styled(chart: Any) -> Any:
    return (
        chart.configure(font="system-ui, sans-serif", aria=False)
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
    )


def rows(values: list[dict[str, Any]]) -> Any:
    """Data that stands inside the chart."""
    import altair as alt

    return alt.InlineData(values=values)


def steps(width: int) -> Any:
    """The horizontal axis of everything that goes by steps."""
    import altair as alt

    axis = alt.Axis(format=",d", tickMinStep=1, tickCount=width // 90, labelFlush=True)
    return alt.X("step:Q", title="step", axis=axis, scale=alt.Scale(zero=False, nice=False))
