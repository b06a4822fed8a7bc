import torch

from unstuck.questions import explain
from unstuck.questions import q18_why_convolutions as q18
from unstuck.questions._data import Data
from unstuck.records import Facts

on = explain("q18").on


def node(name, inputs, outputs, kernel):
    return {"name": name, "inputs": inputs, "outputs": outputs, "kernel": kernel, "groups": 1}


def test_it_weighs_convolutions_against_fully_connected_layers():
    nodes = [
        node("net.conv1", 3, 16, [3, 3]),
        node("net.conv2", 16, 32, [3, 3]),
        node("net.fc1", 2048, 100, []),
        node("net.fc2", 100, 10, []),
    ]
    assert on(Facts({"layers": {"nodes": nodes}})) == [
        "net.conv1 uses its 432 weights at every position; a fully connected layer has one weight "
        "for each pair of an input and an output",
        "all 2 convolutions have 5040 weights, net.fc1 alone has 204800",
    ]


def test_it_says_nothing_of_other_nets():
    assert on(Facts()) == []
    assert on(Facts({"layers": {"nodes": [node("net.fc", 8, 2, [])]}})) == []


def test_scrambled_images_are_the_same_pixels_in_one_order_for_a_seed():
    x = torch.rand(2, 6, 8, 8)
    images = Data(x, torch.zeros(2, 6), x, torch.zeros(2, 6))
    random, scrambled = q18._at_random(images, (0, 1))
    for seed in range(2):
        seen = torch.cat([random.x[seed], random.test_x[seed]]).flatten(1).T  # one row a pixel
        mixed = torch.cat([scrambled.x[seed], scrambled.test_x[seed]]).flatten(1).T
        assert sorted(seen.tolist()) == sorted(mixed.tolist())
        assert not torch.equal(seen, mixed)


def test_a_shift_moves_right_and_down_and_loses_nothing():
    image = torch.zeros(1, 1, 8, 8)
    image[0, 0, 0, 7] = 1
    for shift in q18.SHIFTS:
        moved = q18._moved(image, shift)[0, 0]
        assert moved.shape == (q18.CANVAS, q18.CANVAS)
        assert moved.nonzero().tolist() == [[2 + shift, 9 + shift]]


def test_stride_breaks_what_a_convolution_keeps():
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(1, 1, 12, 12, generator=draw, dtype=torch.float64)
    kernels = torch.randn(4, 1, 3, 3, generator=draw, dtype=torch.float64)
    one, two = (q18._circular(x.roll(shift, 3), kernels) for shift in (1, 2))
    strided = q18.every_second(q18._circular(x, kernels))
    torch.testing.assert_close(q18.every_second(two), strided.roll(1, 3))
    assert all((q18.every_second(one) - strided.roll(n, 3)).abs().max() > 1 for n in range(6))
