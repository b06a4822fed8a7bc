"""A search for a learning rate as a picture: the loss against the rate. No script, no network."""

import math
from typing import Any, Literal

from markupsafe import Markup

from unstuck.charts import LINE, MARK, OTHER, TEXT, svg
from unstuck.trials.halving import end
from unstuck.trials.rate_search import LearningRateSearch

WASH = "#EAE5DA"
"""Darker than the page's: it stands on the page's ground."""

WIDTH, HEIGHT = 620, 240

FAR = 2.0
"""Losses above this many times the untrained network's are drawn at the edge: they would squeeze the rest."""

DRAWABLE = 1e300

_PAGE = Markup(
    '<div style="background:#fdfcfa;color:#1b1a18;padding:1rem;max-width:45rem;'
    'font:15px/1.5 system-ui,sans-serif"><p style="margin:0 0 .75rem;font-weight:600">{verdict}</p>'
    '<div role="img" aria-label="{described}">{image}</div>'
    '<p style="margin:.5rem 0;color:#5c5952;font-size:13px">{key}</p>'
    '<details><summary style="cursor:pointer">Every rate</summary>'
    '<pre style="overflow-x:auto;margin:.5rem 0">{table}</pre></details></div>'
)


def page(search: LearningRateSearch) -> str:
    """HTML to stand in a notebook, readable on light and dark grounds; every text is escaped."""
    points = _points(search)
    image = Markup(_drawn(_layers(search, points))) if points else Markup("")
    words = {"described": described(search), "key": _key(search), "table": str(search)}
    return str(_PAGE.format(verdict=search.verdict, image=image, **words))


def described(search: LearningRateSearch) -> str:
    """The picture in words, for those who do not see it."""
    ends = [
        f"{last:.4g} at {rate:g}" if math.isfinite(last) else f"diverged at {rate:g}"
        for rate, last in zip(search.rates, search.ends, strict=True)
    ]
    return f"Mean loss at the end against the learning rate: {', '.join(ends)}."


def _key(search: LearningRateSearch) -> str:
    said = ["Each line: the loss after so many steps, of the rates that were trained so long."]
    if search.choice is not None:
        said.append(f"Solid upright line: the choice, {search.choice:g}.")
    if search.current > 0:
        said.append(f"Dashed: the optimizer's own rate, {search.current:.3g}.")
    if search.stable is not None:
        said.append(
            f"Shaded: rates whose loss falls, {search.stable[0]:g} to {search.stable[1]:g}."
        )
    if search.limit is not None:
        said.append(f"Dotted: 2/sharpness, {search.limit:.3g}.")
    if any(_top(search) < last < math.inf for last in search.ends):
        said.append(f"Losses above {_top(search):.3g} are drawn there.")
    diverged = [f"{rate:g}" for rate, last in zip(search.rates, search.ends, strict=True)
                if not math.isfinite(last)]  # fmt: skip
    if diverged:
        said.append(f"Not drawn, because they diverged: {', '.join(diverged)}.")
    return " ".join([*said, search.cost])


def _points(search: LearningRateSearch) -> list[dict[str, Any]]:
    """The loss of every rate after each number of steps at which rates were left behind."""
    lengths = sorted({len(losses) for losses, last in zip(search.losses, search.ends, strict=True)
                      if math.isfinite(last)})  # fmt: skip
    top = _top(search)
    return [
        {"rate": rate, "loss": min(value, top), "steps": f"{steps} steps", "of": steps}
        for steps in lengths
        for rate, losses in zip(search.rates, search.losses, strict=True)
        if len(losses) >= steps and abs(value := end(losses[:steps])) < DRAWABLE
    ]


def _top(search: LearningRateSearch) -> float:
    return FAR * abs(end(search.untrained)) or math.inf


def _layers(search: LearningRateSearch, points: list[dict[str, Any]]) -> Any:
    """From back to front; what altair builds has no type."""
    import altair as alt

    low, high = min(search.rates), max(search.rates)
    rows = alt.InlineData(values=points)
    scale = alt.Scale(type="log", domain=[low / 1.5, high * 1.5], nice=False)
    axis = alt.Axis(format="~g", values=[r for r in search.rates if f"{r:.1e}".startswith("1")])
    losses = [point["loss"] for point in points]
    steep = min(losses) > 0 and max(losses) > 1000 * min(losses)
    kind: Literal["log", "linear"] = "log" if steep else "linear"
    curves = (
        alt.Chart(rows)
        .mark_line(point={"color": LINE, "size": 32}, color=LINE, strokeWidth=1.75, aria=False)
        .encode(
            x=alt.X("rate:Q", title="learning rate", scale=scale, axis=axis),
            y=alt.Y(
                "loss:Q",
                title="loss",
                scale=alt.Scale(type=kind, zero=False),
                axis=alt.Axis(format=".4~g", tickCount=5),
            ),
            detail="steps:N",
            opacity=alt.Opacity("of:Q", scale=alt.Scale(range=[0.3, 1.0]), legend=None),
        )
    )
    return alt.layer(*_shade(search), curves, _names(points), *_rules(search, low, high))


def _names(points: list[dict[str, Any]]) -> Any:
    """The number of steps above the left end of its line."""
    import altair as alt

    first = {point["of"]: point for point in reversed(points)}
    return (
        alt.Chart(alt.InlineData(values=list(first.values())))
        .mark_text(align="left", dy=-9, color=TEXT, fontSize=11, aria=False)
        .encode(x="rate:Q", y="loss:Q", text="steps:N")
    )


def _shade(search: LearningRateSearch) -> list[Any]:
    import altair as alt

    if search.stable is None:
        return []
    low, high = search.stable
    chart = alt.Chart(alt.InlineData(values=[{"rate": low, "to": high}]))
    return [chart.mark_rect(color=WASH, aria=False).encode(x="rate:Q", x2="to:Q")]


def _rules(search: LearningRateSearch, low: float, high: float) -> list[Any]:
    import altair as alt

    marked = [
        (search.choice, OTHER, [1, 0]),
        (search.current, MARK, [7, 4]),
        (search.limit, TEXT, [2, 3]),
    ]
    return [
        alt.Chart(alt.InlineData(values=[{"rate": min(max(rate, low / 1.5), high * 1.5)}]))
        .mark_rule(color=color, strokeDash=dashes, strokeWidth=1.75, aria=False)
        .encode(x="rate:Q")
        for rate, color, dashes in marked
        if rate is not None and rate > 0
    ]


def _drawn(chart: Any) -> str:
    fluid = ' style="max-width:100%;height:auto"'
    return svg(chart.properties(width=WIDTH, height=HEIGHT), style=fluid)
