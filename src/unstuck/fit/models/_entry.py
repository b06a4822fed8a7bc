"""How inputs enter a fully connected net: numbers as they are and in pieces, codes embedded or one-hot."""

from math import prod

import torch
import torch.nn.functional as F  # noqa: N812 - as everywhere
from torch import Tensor, nn

from unstuck.fit.encoders import Shape

WIDEST = 32

NARROW = 1e-6
"""Deviations: two edges that are nearer stand for one value."""


def _width(values: int) -> int:
    """Of an embedding: grows with the number of values, as fastai's rule 1.6 n^.56, rounded down."""
    return min(WIDEST, max(1, int(1.6 * values**0.56)))


def _embedding(values: int, width: int) -> nn.Embedding:
    embedding = nn.Embedding(values, width)
    nn.init.normal_(embedding.weight, std=width**-0.5)
    with torch.no_grad():
        embedding.weight[:2] = 0  # rare, missing: perhaps never trained, and then no noise
    return embedding


class Pieces(nn.Module):
    """Of each number how far it has passed through each of its pieces, from 0 to 1 (rows, numbers * pieces).

    Edges are quantiles of the training rows, so that a net bends where the data are, and not only where
    its layers learn to. Source: Gorishniy et al. 2022, *On Embeddings for Numerical Features*, section 3.2.
    """

    edges: Tensor

    def __init__(self, numbers: int, pieces: int) -> None:
        super().__init__()
        self.register_buffer("edges", torch.zeros(numbers, pieces + 1))

    def cut(self, numbers: Tensor) -> None:
        """Place the edges, by numbers (rows, numbers)."""
        shares = torch.linspace(0, 1, self.edges.shape[1])
        self.edges.copy_(torch.quantile(numbers, shares, dim=0).T)

    def forward(self, numbers: Tensor) -> Tensor:
        """Of numbers (rows, numbers); a piece without width is 0."""
        first, last = self.edges[:, :-1], self.edges[:, 1:]
        passed = (numbers[:, :, None] - first) / (last - first).clamp_min(NARROW)
        return torch.where(last - first > NARROW, passed.clamp(0, 1), 0.0).flatten(1)


class Entry(nn.Module):
    """(rows, width) of what the encoder gives."""

    def __init__(self, shape: Shape, *, one_hot: bool = False, pieces: int = 0) -> None:
        super().__init__()
        self.pieces = Pieces(shape.numbers, pieces) if pieces else None
        self.values = () if not one_hot else shape.codes
        widths = shape.codes if one_hot else tuple(map(_width, shape.codes))
        pairs = zip(shape.codes, widths, strict=True)
        self.embeddings = nn.ModuleList([] if one_hot else [_embedding(*each) for each in pairs])
        numbers = shape.numbers * (1 + pieces)
        self.width = numbers + sum(widths) + (prod(shape.image) if shape.image else 0)

    def forward(self, *inputs: Tensor) -> Tensor:
        """Of numbers (rows, n) and perhaps codes (rows, k); or of images (rows, c, h, w)."""
        first, *codes = inputs
        if self.pieces is not None:
            first = torch.cat([first, self.pieces(first)], 1)
        if not codes:
            return first.flatten(1)
        columns = codes[0].unbind(1)
        if self.values:
            hot = [F.one_hot(each, n).float() for each, n in zip(columns, self.values, strict=True)]
        else:
            hot = [embed(each) for embed, each in zip(self.embeddings, columns, strict=True)]
        return torch.cat([first, *hot], 1)
