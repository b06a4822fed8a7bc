"""Many small convolutional nets trained at once: each is one group of a grouped convolution.

A step of 15 such nets takes two thirds of the time that they take one after the other.
"""

import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F  # noqa: N812 - as everywhere
from torch import Tensor

from unstuck.questions._data import draws_of
from unstuck.questions._stack import Stack

KERNEL = 3
SIDE = 8
"""Of scikit-learn's digits, in pixels."""


def halved(maps: Tensor) -> Tensor:
    """The largest of each 2 x 2 pixels. With channels last it takes half the time."""
    return F.max_pool2d(maps.contiguous(memory_format=torch.channels_last), 2)


class Convs(Stack):
    """Two 3 x 3 convolutions with ReLU, ``between`` them something, then one number a channel.

    That is the largest over all positions (``pool``); a linear layer reads it. ``widths`` are the
    channels of the two and the classes. Every parameter has the nets along the first of three axes,
    so that the optimizers of stacks train it; the two last in ``weights`` and ``biases`` are the head.
    """

    def __init__(
        self,
        widths: tuple[int, int, int],
        seeds: Sequence[int],
        arms: int = 1,
        between: Callable[[Tensor], Tensor] = halved,
    ) -> None:
        first, second, classes = widths
        super().__init__((second, classes), seeds, arms)
        self.between = between
        nets = arms * len(self.seeds)
        draws = draws_of(seeds, 100)
        for place, (fan_in, outputs) in enumerate(
            ((KERNEL**2, first), (first * KERNEL**2, second))
        ):
            drawn = [torch.randn(outputs, fan_in, generator=draw) for draw in draws]
            kernels = math.sqrt(2 / fan_in) * torch.stack(drawn).repeat(arms, 1, 1)
            self.weights.insert(place, kernels.requires_grad_())
            self.biases.insert(place, torch.zeros(nets, outputs, 1).requires_grad_())

    @property
    def body(self) -> list[Tensor]:
        """All but the head."""
        return [*self.weights[:2], *self.biases[:2]]

    def features(self, x: Tensor) -> Tensor:
        """One number a channel (nets, rows, channels), of images (seeds, rows, height, width)."""
        x = x.repeat(self.arms, 1, 1, 1).transpose(0, 1)
        x = torch.relu(self.between(self._convolved(0, x)))
        x = torch.relu(self._convolved(1, x).flatten(2).max(2).values)
        return x.view(len(x), self.arms * len(self.seeds), -1).transpose(0, 1)

    def _convolved(self, layer: int, x: Tensor) -> Tensor:
        weight, bias = self.weights[layer], self.biases[layer]
        nets, outputs, fan_in = weight.shape
        kernels = weight.reshape(nets * outputs, fan_in // KERNEL**2, KERNEL, KERNEL)
        return F.conv2d(x, kernels, bias.reshape(-1), padding=1, groups=nets)

    def __call__(self, x: Tensor) -> Tensor:
        """Outputs (nets, rows, classes) of images (seeds, rows, height, width)."""
        return torch.baddbmm(self.biases[-1], self.features(x), self.weights[-1])


def shown(images: Tensor, side: int, noise: float, draws: Sequence[torch.Generator]) -> Tensor:
    """Images (seeds, rows, 8, 8), each ``placed`` by its seed's own draw."""
    pairs = zip(images, draws, strict=True)
    return torch.stack([placed(each, side, noise, draw) for each, draw in pairs])


def placed(images: Tensor, side: int, noise: float, draw: torch.Generator) -> Tensor:
    """Each image (..., 8, 8) somewhere at random in a square of zeros, with noise on every pixel."""
    count = images.shape[:-2].numel()
    corner = torch.randint(side - SIDE + 1, (2, count, 1), generator=draw)
    rows, columns = corner + torch.arange(SIDE)
    canvas = torch.zeros(count, side, side)
    which = torch.arange(count)[:, None, None]
    canvas[which, rows[:, :, None], columns[:, None, :]] = images.reshape(count, SIDE, SIDE)
    canvas += noise * torch.randn(canvas.shape, generator=draw)
    return canvas.view(*images.shape[:-2], side, side)
