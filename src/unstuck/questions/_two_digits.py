"""Images of none, one or two of scikit-learn's digits, and the set of those they show: q15."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812 - as everywhere
from torch import Tensor

from unstuck.questions._data import Data, digits, draws_of

LABELS, MOST = 10, 2
TRAIN, TEST, NOISE = 3000, 1000, 0.1


def up_to_two(seeds: Sequence[int]) -> Data:
    """Images 8 x 16 with a digit in none, one or both halves, and noise; ``y`` is 1 for those shown."""
    single = digits(seeds)
    x, y = side_by_side(single.x, single.y, TRAIN, draws_of(seeds, 2000))
    test_x, test_y = side_by_side(single.test_x, single.test_y, TEST, draws_of(seeds, 3000))
    return Data(x, y, test_x, test_y)


def side_by_side(
    images: Tensor, y: Tensor, rows: int, draws: Sequence[torch.Generator]
) -> tuple[Tensor, Tensor]:
    """So many rows of two places, and their sets, from images (seeds, images, 64) and their digits."""
    made = []
    for each, labels, draw in zip(images, y, draws, strict=True):
        chosen = torch.randint(len(each), (rows, 2), generator=draw)
        there = _THERE[torch.randint(len(_THERE), (rows,), generator=draw)][..., None]
        noise = NOISE * torch.randn(rows, 2, each.shape[1], generator=draw)
        halves = (each[chosen] * there + noise).view(rows, 2, 8, 8).transpose(1, 2)
        made.append((halves.flatten(1), (F.one_hot(labels[chosen], LABELS) * there).amax(1)))
    x, sets = zip(*made, strict=True)
    return torch.stack(x), torch.stack(sets)


_THERE = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
"""What is in the halves of an image; each of the five is drawn equally often."""
