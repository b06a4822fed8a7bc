"""Charts with axes, in the size of the page."""

from typing import Any

from unstuck import charts


def svg(chart: Any, width: int, height: int | None = None) -> str:
    """The chart as SVG, as wide and high as given."""
    size = {"width": width} | ({} if height is None else {"height": height})
    return charts.svg(chart.properties(**size))


def steps(width: int) -> Any:
    """The horizontal axis of everything that goes by steps."""
    import altair as alt

    axis = alt.Axis(format=",d", tickMinStep=1, tickCount=width // 90, labelFlush=True)
    return alt.X("step:Q", title="step", axis=axis, scale=alt.Scale(zero=False, nice=False))
