import re

from unstuck.charts import LINE, OTHER
from unstuck.records import Facts
from unstuck.report.pictures.gradients import draw

from ..sample import gradients, run


def drawn(family):
    return draw(run(facts=Facts({"gradients": family})))


def places(picture, color):
    """From left to right of each filled mark, in the order of the layers."""
    marks = re.findall(
        rf'<path[^>]*transform="translate\(([\d.]+),[\d.]+\)"[^>]*fill="{color}"', picture.wide
    )
    return [float(place) for place in marks]


def test_each_layer_has_a_gradient_and_an_update():
    picture = drawn(gradients("a", "b", "c"))
    assert len(places(picture, LINE)) == len(places(picture, OTHER)) == 3


def test_fading_gradients_go_left():
    left, middle, right = reversed(places(drawn(gradients("a", "b", "c")), LINE))
    assert left < middle < right
    assert abs((right - middle) - (middle - left)) < 1  # halves: equal steps on this axis


def test_gradients_of_zero_are_hollow_and_said():
    picture = drawn(gradients("a", "b", gradient=0.0))
    assert places(picture, LINE) == []
    assert "exactly 0" in picture.keys[-1].text
    assert "smallest 0 (a)" in picture.description


def test_nothing_but_zeros_is_still_a_picture():
    assert drawn(gradients("a", gradient=0.0, update=0.0)) is not None


def test_numbers_that_are_not_finite_are_left_out():
    broken = gradients("a", "b")
    broken["layers"][0]["looks"][1]["gradient"] = float("nan")
    broken["layers"][1]["looks"][1]["gradient"] = float("inf")
    picture = drawn(broken)
    assert len(places(picture, LINE)) == 2
    assert "NaN" not in picture.wide


def test_layers_of_the_same_name_each_have_their_row():
    picture = drawn(gradients(*["the_same_and_very_long_name_of_a_layer"] * 3))
    assert len(places(picture, LINE)) == 3
    assert len(set(re.findall(r">(the_same[^<]*)<", picture.wide))) == 3


def test_updates_that_were_not_seen_are_not_drawn():
    assert places(drawn(gradients("a", "b", update=None)), OTHER) == []
