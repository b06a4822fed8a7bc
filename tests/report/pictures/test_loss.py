import math
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest

from unstuck.charts import LINE, MARK, OTHER
from unstuck.records import Facts
from unstuck.report.pictures.loss import draw

from ..sample import HOSTILE, STUCK, diverging, hostile, loss, loss_call, plateau, run


def drawn(values, *findings, **families):
    return draw(run(*findings, facts=Facts({"loss": loss(values)} | families)))


def points(svg):
    """The corners of the line of the loss."""
    [path] = re.findall(rf'<path[^>]* d="([^"]*)"[^>]*stroke="{LINE}"', svg)
    return re.findall(r"[ML](-?[\d.]+),(-?[\d.]+)", path)


def key(picture, color):
    return [each.text for each in picture.keys if each.color == color]


@pytest.mark.parametrize(
    "families",
    [
        {},
        {"loss": None},
        {"loss": loss([])},
        {"loss": loss([]), "loss_calls": []},
        {"loss": loss([[0, math.nan], [1, math.inf], [2, -math.inf]])},
        {"loss": loss([[0, 1e308]])},
    ],
)
def test_nothing_to_draw_is_no_picture(families):
    assert draw(run(facts=Facts(families))) is None


@pytest.mark.parametrize(
    "values",
    [
        [[0, 1.0]],
        [[7, 0.0]],
        [[0, -3.0], [1, -3.0]],
        [[0, 1e299], [1, -1e299]],
        [[0, 1e-300], [1, 1e299]],
        [[0, math.nan], [1, 2.0], [2, math.nan], [3, 1.0], [4, math.inf]],
        [[10**9 * i, 1 / (i + 1)] for i in range(50)],
        plateau(2048),
    ],
)
def test_both_sizes_are_svg_without_nan(values):
    picture = drawn(values, STUCK, loss_calls=[loss_call(values)])
    for svg in (picture.wide, picture.narrow):
        ElementTree.fromstring(svg)
        assert "NaN" not in svg
        assert "Infinity" not in svg
        assert LINE in svg


def test_every_step_is_a_corner_of_the_line():
    assert len(points(drawn(plateau(2048)).wide)) == 2048


def test_the_line_breaks_where_the_loss_is_not_finite():
    values = [[i, math.nan if i in (5, 6) else 1.0 + i] for i in range(12)]
    picture = drawn(values)
    assert len(points(picture.wide)) == 10
    [path] = re.findall(rf' d="([^"]*)"[^>]*stroke="{LINE}"', picture.wide)
    assert path.count("M") == 2
    assert "not drawn: 2 steps" in picture.keys[-1].text


def test_values_between_two_gaps_are_points():
    lonely = drawn([[0, math.nan], [1, 2.0], [2, math.nan], [3, 1.0]])
    assert lonely.wide.count(f'fill="{LINE}"') == 2
    assert f'fill="{LINE}"' not in drawn(plateau()).wide


def test_heights_are_those_of_the_values():
    heights = [float(y) for _, y in points(drawn([[0, 4.0], [1, 2.0], [2, 0.0]]).wide)]
    assert heights[0] < heights[1] < heights[2]
    assert heights[1] - heights[0] == pytest.approx(heights[2] - heights[1], abs=0.01)


def test_a_loss_over_many_decades_is_drawn_logarithmically():
    wide = drawn([[0, 1.0], [1, 100.0], [2, 10_000.0]])
    assert "logarithmic" in wide.keys[0].text
    heights = [float(y) for _, y in points(wide.wide)]
    assert heights[1] - heights[0] == pytest.approx(heights[2] - heights[1], abs=0.01)
    assert "logarithmic" not in drawn([[0, 1.0], [1, 999.0]]).keys[0].text
    assert "logarithmic" not in drawn([[0, 0.0], [1, 10_000.0]]).keys[0].text


def test_the_constant_prediction_stands_beside_its_own_loss_only():
    values = plateau()
    beside = drawn(values, loss_calls=[loss_call(values)])
    assert key(beside, OTHER) == ["always predicting the same: 2.302"]
    assert f'stroke="{OTHER}"' in beside.wide
    scaled = drawn([[step, value / 4] for step, value in values], loss_calls=[loss_call(values)])
    without = drawn(values, loss_calls=[loss_call(values, constant=None)])
    validation = drawn(values, loss_calls=[loss_call(values) | {"training": False}])
    for picture in (scaled, without, validation, drawn(values)):
        assert key(picture, OTHER) == []
        assert f'stroke="{OTHER}"' not in picture.wide


def test_a_run_that_recorded_only_loss_calls_is_drawn_from_them():
    picture = draw(run(facts=Facts({"loss_calls": [loss_call(plateau())]})))
    assert len(points(picture.wide)) == 200


@pytest.mark.parametrize(("at", "marked"), [(None, 0), (0, 0), (1, 1), (199, 1), (200, 0)])
def test_the_finding_is_marked_where_the_picture_has_its_step(at, marked):
    picture = drawn(plateau(), replace(STUCK, at=at))
    assert len(key(picture, MARK)) == picture.wide.count(f'stroke="{MARK}"') == marked


def test_the_description_tells_what_is_to_be_seen():
    words = drawn(diverging(), replace(STUCK, at=160)).description
    assert words.startswith("Loss per step: 2.3 at step 0, 1.082e+08 at step 159, lowest 2.3")
    assert words.endswith("The finding is marked at step 160.")


@pytest.mark.parametrize("text", HOSTILE)
def test_no_string_of_the_run_enters_the_picture(text):
    assert draw(hostile(text)) == draw(hostile("harmless"))


def test_the_renderer_escapes_what_a_title_holds():
    import altair as alt
    import vl_convert

    chart = alt.Chart(alt.InlineData(values=[{"a": 1}]), title="</svg><script>alert(1)</script>")
    spec = chart.mark_point().encode(x=alt.X("a:Q", title="<script>")).to_json()
    svg = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    assert "<script" not in svg
    assert "&lt;script" in svg
