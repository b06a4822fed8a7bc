"""A small residual net for images.

Source: He et al. 2016, *Deep Residual Learning*; the last normalisation of each branch begins at zero,
so that a block begins as the identity (Goyal et al. 2017).
"""

import math
from collections.abc import Callable
from functools import partial

import torch.nn.functional as F  # noqa: N812 - as everywhere
from torch import Tensor, nn

from unstuck.fit.encoders import Shape
from unstuck.fit.models._headed import Headed
from unstuck.fit.recipe import Recipe

LARGE = 32
"""Pixels of the longer side above which the first convolution takes every second place."""

SMALLEST = 4
"""Pixels that a stage works on at least, as far as the images allow."""

STAGES = 4

GROUPS = 8
"""Of group normalisation, at most; Wu & He 2018 found little between 4 and 32."""


class Block(nn.Module):
    """Two convolutions, and the way around them."""

    def __init__(self, inputs: int, outputs: int, stride: int, normalisation: str) -> None:
        super().__init__()
        first = _convolution(inputs, outputs, normalisation, stride=stride)
        second = _convolution(outputs, outputs, normalisation)
        nn.init.zeros_(second[-1].get_parameter("weight"))
        self.branch = nn.Sequential(*first, nn.ReLU(inplace=True), *second)
        same = inputs == outputs and stride == 1
        around = _convolution(inputs, outputs, normalisation, size=1, stride=stride)
        self.around = nn.Identity() if same else nn.Sequential(*around)

    def forward(self, images: Tensor) -> Tensor:
        """(rows, outputs, height, width), or half of each."""
        return F.relu(self.branch(images) + self.around(images))


def _convolution(
    inputs: int, outputs: int, normalisation: str, *, size: int = 3, stride: int = 1
) -> list[nn.Module]:
    """With its normalisation, which has a bias of its own."""
    bare = normalisation == "none"
    convolution = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=bare)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    if convolution.bias is not None:
        nn.init.zeros_(convolution.bias)
    norms: dict[str, Callable[[int], nn.Module]] = {
        "batch": nn.BatchNorm2d,
        "group": partial(nn.GroupNorm, math.gcd(outputs, GROUPS)),
        "layer": partial(nn.GroupNorm, 1),
    }
    return [convolution] if bare else [convolution, norms[normalisation](outputs)]


def stages_of(side: int) -> int:
    """How often the images can be halved."""
    side = -(-side // 2) if side > LARGE else side
    return 1 + min(STAGES - 1, max(0, int(math.log2(side / SMALLEST))))


def body_of(recipe: Recipe, image: tuple[int, int, int]) -> tuple[nn.Module, int]:
    """Convolutions to features (rows, width x 2 ** halvings), averaged over all places (q18); how many."""
    channels, height, width = image
    stride = 2 if max(height, width) > LARGE else 1
    norm = recipe.normalisation
    parts = [*_convolution(channels, recipe.width, norm, stride=stride), nn.ReLU(inplace=True)]
    inputs = recipe.width
    for stage in range(stages_of(max(height, width))):
        for block in range(max(1, recipe.depth)):
            outputs = recipe.width * 2**stage
            parts.append(Block(inputs, outputs, 2 if stage and not block else 1, norm))
            inputs = outputs
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten()), inputs


def built(recipe: Recipe, shape: Shape, outputs: int) -> nn.Module:
    """The model of a recipe."""
    assert shape.image is not None, "models.built refuses what are no images"
    return Headed(*body_of(recipe, shape.image), outputs, recipe)
