"""The pictures that are placed by us: activations, classes, filters, validation."""

import math
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

from unstuck.charts import LINE, OTHER
from unstuck.records import Facts
from unstuck.report.pictures import activations, classes, validation
from unstuck.report.pictures import filters as filter_picture

from ..sample import STUCK, activation, filters, loss, plateau, prediction, run, target
from ..sample import validation as evaluated


def bars(svg, color):
    shapes = ElementTree.fromstring(svg).iter("rect")
    return [each for each in shapes if each.get("fill") == color]


def words(svg):
    return [each.text for each in ElementTree.fromstring(svg).iter("text")]


def test_heights_of_a_histogram_are_those_of_its_counts():
    picture = activations.draw(run(facts=Facts({"activations": [activation("net.0")]})))
    heights = [float(bar.get("height")) for bar in bars(picture.wide, LINE)]
    assert [round(height / heights[0], 2) for height in heights] == [1.0, 0.17, 0.08]
    assert "ReLU, 25 % dead" in words(picture.wide)


def test_dead_layers_that_a_finding_names_are_marked_unless_all_are():
    facts = Facts({"activations": [activation("a", 1.0), activation("b", 0.0)]})
    one = replace(STUCK, evidence={"layers": [["a", 1.0]]})
    both = replace(STUCK, evidence={"layers": [["a", 1.0], ["b", 1.0]]})
    assert bars(activations.draw(run(one, facts=facts)).wide, OTHER)
    assert not bars(activations.draw(run(both, facts=facts)).wide, OTHER)


def test_a_histogram_of_one_value_is_one_bar():
    flat = activation("a", histograms=[{"step": 3, "low": 0.0, "high": 0.0, "counts": [99, 0]}])
    picture = activations.draw(run(facts=Facts({"activations": [flat]})))
    assert len(bars(picture.wide, LINE)) == 1


def test_counts_and_recalls_stand_side_by_side():
    facts = Facts(
        {
            "targets": [target([900, 90, 10])],
            "predictions": [
                prediction([9, 9, 9], [1, 1, 1], "training"),
                prediction([90, 9, 0], [90, 3, 0]),
            ],
        }
    )
    picture = classes.draw(run(facts=facts))
    assert words(picture.wide)[2:] == [
        "class 0", "900", "100 %", "class 1", "90", "33.3 %", "class 2", "10", "-",
    ]  # fmt: skip
    assert [key.text for key in picture.keys][1] == "found of those in validation, step 99"
    assert "class 1: 90, 33.3 % found" in picture.description


def test_of_a_thousand_classes_the_most_and_least_frequent_are_drawn():
    counts = [1000 - i for i in range(1000)]
    picture = classes.draw(run(facts=Facts({"targets": [target(counts)]})))
    assert words(picture.wide).count("1,000") == 1
    assert "class 999" in words(picture.wide)
    assert "class 500" not in words(picture.wide)


def test_numbers_that_are_no_classes_are_not_drawn_as_such():
    facts = Facts({"targets": [target([], kind="numbers"), target([4, 5], kind="whole")]})
    assert classes.draw(run(facts=facts)) is None


def test_filters_of_both_signs_and_no_more_than_six_shades():
    picture = filter_picture.draw(run(facts=Facts({"filter_images": filters("net.stem", 32, 11)})))
    paths = list(ElementTree.fromstring(picture.wide).iter("path"))
    assert {each.get("fill") for each in paths} == {LINE, OTHER}
    assert len(paths) <= 2 * 2 * filter_picture.LEVELS
    cells = sum(each.get("d").count("M") for each in paths)
    assert cells == 2 * 32 * 121


def test_filters_that_are_zero_or_not_finite_are_no_picture_or_blank():
    assert (
        filter_picture.draw(run(facts=Facts({"filter_images": filters("a", weight=0.0)}))) is None
    )
    broken = filters("a")
    broken["looks"][1]["weights"][0][0] = math.nan
    assert (
        "nan" not in filter_picture.draw(run(facts=Facts({"filter_images": broken}))).wide.lower()
    )


def test_validation_stands_beside_training():
    facts = Facts({"loss": loss(plateau()), "validation": evaluated(2.3, 1.9, 2.2)})
    picture = validation.draw(run(facts=facts))
    [path] = re.findall(
        rf'<path[^>]* d="([^"]*)"[^>]*stroke="{OTHER}"[^>]*stroke-dasharray', picture.wide
    )
    assert len(re.findall(r"[ML]", path)) == 3
    assert "lowest 1.9 at step 39" in picture.description


def test_one_evaluation_is_no_curve():
    facts = Facts({"loss": loss(plateau()), "validation": evaluated(2.3)})
    assert validation.draw(run(facts=facts)) is None
