import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

from unstuck.charts import OTHER
from unstuck.report.pictures._picture import labels
from unstuck.report.pictures.layers import draw

from ..sample import STUCK, everything, layers, run


def drawn(*names, evidence=None, **families):
    finding = replace(STUCK, evidence=evidence or {})
    return draw(run(finding, facts=everything(*names, **families)))


def words(picture):
    return [each.text for each in ElementTree.fromstring(picture.wide).iter("text")]


def marked(picture):
    return [
        each.text
        for each in ElementTree.fromstring(picture.wide).iter("text")
        if each.get("fill") == OTHER
    ]


def test_layers_operations_and_loss_stand_in_order():
    seen = words(drawn("net.0", "net.2", "net.4"))
    assert [each for each in seen if each in ("net.0", "net.2", "net.4", "loss")] == [
        "net.0", "net.2", "net.4", "loss",
    ]  # fmt: skip
    assert seen.count("ReLU") == 2
    assert "softmax" in seen


def test_softmax_before_the_loss_is_marked_where_it_is():
    picture = drawn("net.0", "net.2", evidence={"graph": ["SoftmaxBackward0", "AddmmBackward0"]})
    assert marked(picture) == ["softmax"]
    assert picture.description.endswith("Marked: between net.2 and loss.")


def test_a_pair_without_a_function_between_is_marked():
    edge = {"source": "a", "target": "b", "operations": [], "straight": True}
    picture = drawn(
        "a", "b", evidence={"pairs": [["a", "b", []]]}, layers=layers("a", "b") | {"edges": [edge]}
    )
    assert "nothing between" in marked(picture)


def test_a_parameter_in_the_evidence_marks_its_layer():
    picture = drawn("net.1", "net.10", evidence={"parameters": ["net.1.weight", "net.1.bias"]})
    assert marked(picture) == ["net.1"]
    assert [key.text for key in picture.keys] == ["what the finding is about"]


def test_what_names_all_layers_marks_none():
    assert marked(drawn("a", "b", evidence={"gains": [["a", 1.0], ["b", 2.0]]})) == []


def test_forty_layers_are_drawn_and_the_middle_is_folded():
    names = [f"net.{i}" for i in range(100)]
    picture = drawn(*names)
    seen = [each for each in words(picture) if re.fullmatch(r"net\.\d+", each)]
    assert seen == names[:20] + names[-19:]  # and the loss
    assert "(61 layers)" in words(picture)
    assert picture.keys[-1].text == "61 layers not drawn"


def test_the_marked_layers_of_a_deep_network_are_never_folded_away():
    names = [f"net.{i}" for i in range(100)]
    picture = drawn(*names, evidence={"layers": ["net.50"]})
    seen = [each for each in words(picture) if re.fullmatch(r"net\.\d+", each)]
    assert seen == ["net.0", "net.1", "net.49", "net.50", "net.51", "net.99"]
    assert marked(picture) == ["net.50"]


def test_long_names_lose_what_all_begin_with():
    names = [f"model.encoder.blocks.{i}.attention.{'projection' * 3}" for i in (3, 4)]
    assert labels(names, 24) == [
        "3.attentio..." + names[0][-11:],
        "4.attentio..." + names[1][-11:],
    ]
    assert labels(["net.0", "net.1"], 24) == ["net.0", "net.1"]
    assert labels(["a" * 40], 24) == ["a" * 10 + "..." + "a" * 11]


def test_a_connection_past_other_layers_goes_beside_them():
    assert drawn("a", "b", "c").wide.count("<path") == drawn("a", "b").wide.count("<path") + 2


def test_layers_without_a_connection_have_no_arrow():
    alone = drawn("a", "b", layers=layers("a", "b") | {"edges": []})
    assert alone.wide.count("<path") == 2  # both feed the loss
