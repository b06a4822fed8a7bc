"""What holds for every picture; a new one joins without an edit."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest

from unstuck.charts import PALETTE
from unstuck.records import Facts, Finding
from unstuck.report.harmless import harmless
from unstuck.report.pictures import all_pictures

from ..sample import HOSTILE, STUCK, everything, hostile, run

NAMES = tuple(all_pictures())
FULL = run(STUCK, facts=everything("net.0", "net.1", "net.2"))


@pytest.fixture(params=NAMES)
def kind(request):
    return all_pictures()[request.param]


def texts(svg):
    return [each.text or "" for each in ElementTree.fromstring(svg).iter("text")]


def test_there_are_those_that_were_promised():
    assert set(NAMES) >= {
        "loss", "gradients", "activations", "layers", "classes", "validation", "filters", "trials",
    }  # fmt: skip


def test_has_a_title_two_sizes_and_a_description(kind):
    picture = kind.draw(FULL)
    assert kind.TITLE
    assert len(picture.description) > 30
    assert picture.description.endswith(".")
    assert picture.wide != picture.narrow
    widths = [
        int(float(re.search(r'width="([\d.]+)"', svg)[1])) for svg in (picture.wide, picture.narrow)
    ]
    assert 600 < widths[0] < 720
    assert 270 < widths[1] < 360


def test_every_image_is_well_formed_hidden_from_readers_and_names_no_address(kind):
    picture = kind.draw(FULL)
    for svg in (picture.wide, picture.narrow):
        image = ElementTree.fromstring(svg)
        assert image.tag == "svg"
        assert image.get("aria-hidden") == "true"
        assert "NaN" not in svg
        assert not re.search(r"https?:|href|url\(|<script|<style| on\w+=", svg)


def test_uses_only_colours_that_follow_light_and_dark(kind):
    known = {color.lower() for color in PALETTE.values()} | {"none", "transparent"}
    picture = kind.draw(FULL)
    for svg in (picture.wide, picture.narrow):
        used = re.findall(r'(?:fill|stroke)="([^"]+)"', svg)
        assert {color.lower() for color in used} <= known


def test_colour_is_never_the_only_difference(kind):
    """Two keys of different colours differ in shape, dashes or width, or stand in columns with names."""
    keys = [key for key in kind.draw(FULL).keys if key.color]
    for one in keys:
        for other in keys:
            same_mark = (one.shape, one.dashes) == (other.shape, other.dashes)
            same_width = 0.5 < one.thick / other.thick < 2
            if one.color != other.color and same_mark and same_width:
                assert one.shape == "square"


def test_every_key_says_what_its_mark_stands_for(kind):
    assert all(key.text for key in kind.draw(FULL).keys)


@pytest.mark.parametrize(
    "facts", [Facts(), Facts(dict.fromkeys(NAMES)), Facts({name: [] for name in NAMES})]
)
def test_nothing_recorded_is_no_picture(kind, facts):
    try:
        assert kind.draw(run(facts=facts)) is None
    except (TypeError, AttributeError):
        assert facts.families  # a list where the family is an object: a damaged recording


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_are_text_and_nothing_else(kind, text):
    picture = kind.draw(harmless(hostile(text)))
    calm = kind.draw(harmless(hostile("harmless")))
    for svg, usual in ((picture.wide, calm.wide), (picture.narrow, calm.narrow)):
        assert tags(svg) <= tags(usual) | {"text"}
        assert not re.search(r"<(script|img|/style|foreign)", svg)
        svg.encode("utf-8")
        assert "\x1b" not in svg


def tags(svg):
    return {each.tag for each in ElementTree.fromstring(svg).iter()}


def test_is_not_close_to_a_finding_about_nothing(kind):
    assert kind.closeness(Finding("")) == (1 if kind.TITLE.startswith("The loss") else 0)


def test_drawing_does_not_alter_the_run(kind):
    before = repr(FULL)
    kind.draw(FULL)
    assert repr(FULL) == before
    assert kind.draw(FULL) == kind.draw(replace(FULL))
