"""Marks on the weights: what is said of a run, and the measures and drawings of the experiment."""

import math

import pytest
import torch

from unstuck.observe.probes import filters as probe
from unstuck.questions import q07_wrong_lr_marks_on_weights as q07
from unstuck.questions._data import digits
from unstuck.questions._lab import Lab
from unstuck.questions._stack import Stack
from unstuck.records import Facts

FILTERS = {
    "name": "net.conv1",
    "kernel": [7, 7],
    "smooth": [[0, -0.01], [400, 0.31]],
    "change": 0.724,
    "updates": 400,
}


def said(**families):
    return list(q07.on(Facts(families)))


def test_it_tells_how_smooth_the_filters_are_and_how_far_they_moved():
    assert said(filters=[FILTERS]) == [
        "neighbouring weights of the 7x7 filters of net.conv1 correlate by -0.01 after 0 updates and "
        "by 0.31 after 400 (0 is white noise)",
        "the 7x7 filters of net.conv1 have moved by 0.72 of their size in 400 updates",
    ]


@pytest.mark.parametrize(
    "change", [{"kernel": [1, 1]}, {"smooth": []}, {"smooth": [[0, math.nan]]}]
)
def test_filters_without_neighbours_have_no_smoothness(change):
    [line] = said(filters=[FILTERS | change])
    assert "have moved by 0.72" in line


def test_it_tells_the_layer_with_the_most_dead_units():
    def layer(name, share):
        looks = [{"step": 9, "dead_for_long": share}, {"step": 20, "dead_for_long": None}]
        return {"layer": name, "kind": "ReLU", "units": 32, "looks": looks}

    assert said(activations=[layer("net.fc1", 0.25), layer("net.fc2", 0.75)]) == [
        "75% of the 32 units of the ReLU after net.fc2 were 0 for all that was seen in the three "
        "looks up to step 9; no layer has more"
    ]
    assert said(activations=[layer("net.fc1", None)]) == []


def test_it_tells_the_rate_and_why_filters_are_missing():
    rate = {"step": 0, "optimizer": "SGD", "rate": 0.1}
    facts = Facts({"gradients": {"rates": [rate]}}, {"filters": "no model begins with one"})
    assert list(q07.on(facts)) == [
        "SGD ran with learning rate 0.1 from step 0 to step 0",
        "first-layer filters were not recorded: no model begins with one",
    ]
    assert said() == []


def test_smoothness_is_that_of_the_probe():
    weights = torch.randn(3, q07.SIDE**2, 5, generator=torch.Generator().manual_seed(0))
    weights = weights.cumsum(1)
    for found, each in zip(q07.smoothness(weights), weights, strict=True):
        filters = each.T.reshape(5, 1, q07.SIDE, q07.SIDE)
        shares = filters.double() - filters.double().mean((2, 3), keepdim=True)
        assert float(found) == pytest.approx(float(probe.smoothness(filters)))
        assert float(found) == pytest.approx(slow_smoothness(shares[:, 0]))


def slow_smoothness(filters):
    pairs = {(0, 1): [], (1, 0): []}
    for filter_ in filters.tolist():
        for (down, right), products in pairs.items():
            for row in range(q07.SIDE - down):
                for column in range(q07.SIDE - right):
                    other = filter_[row + down][column + right]
                    products.append(filter_[row][column] * other)
    means = [sum(each) / len(each) for each in pairs.values()]
    return sum(means) / 2 / float(filters.square().mean())


def test_images_are_enlarged_and_without_a_mean():
    small = digits((0, 1), 50)
    large = q07.enlarged(small)
    assert large.x.shape == (2, 50, q07.SIDE**2)
    assert large.x.mean((1, 2)).abs().max() < 1e-6
    spread = large.x.amax(2) - large.x.amin(2)
    assert (spread <= small.x.amax(2) - small.x.amin(2) + 1e-6).all()


def test_dead_units_are_those_that_no_image_wakes():
    net = Stack(q07.WIDTHS, (0,), arms=2)
    net.arm(net.biases[0], 1)[..., :8] = -1e6
    assert q07._dead(net, torch.randn(1, 500, q07.SIDE**2)).tolist() == [0, 8 / 32]


def test_a_drawing_has_each_pixel_of_its_level_once():
    levels = torch.randint(-2, 3, (q07.SIDE**2,), generator=torch.Generator().manual_seed(0))
    cell, drawn = 2 / q07.SIDE, 0
    for level in range(-2, 3):
        path = q07._squares(levels.tolist(), level)
        widths = [float(part.split("h")[1].split("v")[0]) for part in path.split("M")[1:]]
        assert round(sum(widths) / cell) == int((levels == level).sum())
        drawn += round(sum(widths) / cell)
    assert drawn == q07.SIDE**2
    assert q07._squares([1, 1] + [0] * (q07.SIDE**2 - 2), 1) == "M-1.000,-1.000h0.333v0.167H-1.000z"


def test_a_short_experiment_has_every_number(monkeypatch):
    monkeypatch.setattr(q07, "EPOCHS", 1)
    monkeypatch.setattr(q07, "NETS", 1)
    measured = q07.experiment(Lab((0, 1, 2)))
    assert {each.number for each in q07.PREDICTIONS} <= set(measured.numbers)
    assert {len(values) for values in measured.numbers.values()} == {3}
    for number in ("low_smoothness", "soon_smoothness", "large_smoothness"):
        assert max(map(abs, measured.numbers[number])) < 0.1
    assert len(measured.series["filters"]) == 4
