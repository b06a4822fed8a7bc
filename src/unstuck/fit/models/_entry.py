"""How inputs enter a fully connected net: numbers as they are, codes embedded or one-hot, pixels in a row."""

from math import prod

import torch
import torch.nn.functional as F  # noqa: N812 - as everywhere
from torch import Tensor, nn

from unstuck.fit.encoders import Shape

WIDEST = 32


def _width(values: int) -> int:
    """Of an embedding: grows with the number of values, as fastai's rule 1.6 n^.56, rounded down."""
    return min(WIDEST, max(1, int(1.6 * values**0.56)))


def _embedding(values: int, width: int) -> nn.Embedding:
    embedding = nn.Embedding(values, width)
    nn.init.normal_(embedding.weight, std=width**-0.5)
    with torch.no_grad():
        embedding.weight[:2] = 0  # rare, missing: perhaps never trained, and then no noise
    return embedding


class Entry(nn.Module):
    """(rows, width) of what the encoder gives."""

    def __init__(self, shape: Shape, *, one_hot: bool = False) -> None:
        super().__init__()
        self.values = () if not one_hot else shape.codes
        widths = shape.codes if one_hot else tuple(map(_width, shape.codes))
        pairs = zip(shape.codes, widths, strict=True)
        self.embeddings = nn.ModuleList([] if one_hot else [_embedding(*each) for each in pairs])
        self.width = shape.numbers + sum(widths) + (prod(shape.image) if shape.image else 0)

    def forward(self, *inputs: Tensor) -> Tensor:
        """Of numbers (rows, n) and perhaps codes (rows, k); or of images (rows, c, h, w)."""
        first, *codes = inputs
        if not codes:
            return first.flatten(1)
        columns = codes[0].unbind(1)
        if self.values:
            hot = [F.one_hot(each, n).float() for each, n in zip(columns, self.values, strict=True)]
        else:
            hot = [embed(each) for embed, each in zip(self.embeddings, columns, strict=True)]
        return torch.cat([first, *hot], 1)
