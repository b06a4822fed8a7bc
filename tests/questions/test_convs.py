"""Grouped convolutions are the nets they stand for, one by one."""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - as everywhere

from unstuck.questions._convs import Convs, halved, placed


def one_by_one(net, x, between):
    """The same nets, as one would write each."""
    nets, seeds = net.arms * len(net.seeds), len(net.seeds)
    outputs = []
    for each in range(nets):
        hidden = x[each % seeds][:, None]
        for layer, then in enumerate((between, lambda maps: maps)):
            weight = net.weights[layer][each]
            kernels = weight.view(len(weight), -1, 3, 3)
            hidden = F.conv2d(hidden, kernels, net.biases[layer][each][:, 0], padding=1)
            hidden = then(torch.relu(hidden))
        outputs.append(hidden.amax((2, 3)) @ net.weights[2][each] + net.biases[2][each])
    return torch.stack(outputs)


@pytest.mark.parametrize("between", [halved, lambda maps: maps[..., ::2, ::2]])
def test_a_stack_gives_the_outputs_and_gradients_of_single_nets(between):
    net = Convs((3, 4, 5), (0, 1, 2), arms=2, between=between)
    x = torch.rand(3, 7, 10, 10)
    with torch.no_grad():
        for each in net.parameters:  # arms that differ, and biases that are not zero
            each += torch.rand(each.shape) / 10
    ours, plain = net(x), one_by_one(net, x, between)
    torch.testing.assert_close(ours, plain)
    ours, plain = (torch.autograd.grad((each**2).mean(), net.parameters) for each in (ours, plain))
    torch.testing.assert_close(ours, plain)


def test_arms_begin_equal_and_seeds_do_not():
    net = Convs((3, 4, 5), (0, 1), arms=2)
    for weight in net.weights:
        assert torch.equal(net.arm(weight, 0), net.arm(weight, 1))
        assert not torch.equal(weight[0], weight[1])


def test_an_image_is_placed_whole_and_anywhere():
    images = torch.rand(400, 8, 8) + 0.1
    canvas = placed(images, 10, 0.0, torch.Generator().manual_seed(0))
    torch.testing.assert_close(canvas.sum((1, 2)), images.sum((1, 2)))
    corners = (canvas > 0).flatten(1).float().argmax(1)
    assert sorted(set(corners.tolist())) == [0, 1, 2, 10, 11, 12, 20, 21, 22]
    first = corners[0].item()
    row, column = divmod(first, 10)
    assert torch.equal(canvas[0, row : row + 8, column : column + 8], images[0])
