"""The plane of XOR, drawn with what a perceptron makes of it: q14."""

from typing import Any

import numpy as np

from unstuck.questions._perceptron import patterns_of

EDGE = 2.0
"""Of the drawn plane, half of its side."""


def xor_over(title: str, below: Any) -> Any:
    """The four points of XOR, by class, over what a perceptron makes of the plane."""
    import altair as alt

    from unstuck.charts import LINE, OTHER, rows

    points = [{"x1": a, "x2": b, "class": _class_of(-a * b)} for a, b in patterns_of(2).tolist()]
    plane = alt.Scale(domain=[-EDGE, EDGE], nice=False)
    axis = alt.Axis(values=[-1, 1])
    marks = (
        alt.Chart(rows(points))
        .mark_point(size=110, filled=True, opacity=1, aria=False)
        .encode(
            x=alt.X("x1:Q", scale=plane, axis=axis, title="x1"),
            y=alt.Y("x2:Q", scale=plane, axis=axis, title="x2"),
            color=alt.Color("class:N", scale=alt.Scale(range=[OTHER, LINE]), legend=None),
            shape=alt.Shape("class:N", legend=None),
        )
    )
    return (below + marks).properties(width=150, height=170, title=title)


def _class_of(output: float) -> str:
    return "differ" if output > 0 else "equal"


def lines(weights: list[list[float]]) -> Any:
    """Where each of the weights gives 0, if that is within the plane."""
    import altair as alt

    from unstuck.charts import TEXT, rows

    ends = []
    for number, (first, second, bias) in enumerate(weights):
        normal = np.array([first, second]) / np.hypot(first, second)
        foot, along = -bias / np.hypot(first, second) * normal, np.array([-normal[1], normal[0]])
        for far in (-2 * EDGE, 2 * EDGE):
            x1, x2 = foot + far * along
            ends.append({"line": number, "x1": float(x1), "x2": float(x2)})
    return (
        alt.Chart(rows(ends))
        .mark_line(color=TEXT, strokeWidth=1.2, opacity=0.7, clip=True, aria=False)
        .encode(x="x1:Q", y="x2:Q", detail="line:N")
    )


def sides(weights: list[float]) -> Any:
    """The two sides of the boundary of weights for x1, x2, 1 and x1*x2."""
    import altair as alt

    from unstuck.charts import LINE, OTHER, rows

    first, second, bias, both = weights
    found = []
    for x1 in np.linspace(-EDGE, EDGE, 201).tolist():
        slope = second + both * x1  # along x2
        zero = float(np.clip(-(bias + first * x1) / slope, -EDGE, EDGE)) if slope else 0.0
        for low, high, sign in ((-EDGE, zero, -slope), (zero, EDGE, slope)):
            side = {"x1": x1, "low": low, "high": high, "class": _class_of(sign)}
            found.append(side | {"part": slope > 0})
    return (
        alt.Chart(rows(found))
        .mark_area(opacity=0.2, clip=True, aria=False)
        .encode(
            x="x1:Q",
            y="low:Q",
            y2="high:Q",
            color=alt.Color("class:N", scale=alt.Scale(range=[OTHER, LINE]), legend=None),
            detail="part:N",
        )
    )
