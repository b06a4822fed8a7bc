"""The experiment of the same name: what does a model make of images that are not where they were?"""

import torch
from torch import Tensor

from unstuck.trials.changes._inputs import exchange_inputs, numbers_in
from unstuck.trials.replay import NotApplicable, Replay

_BY = 2
_DIRECTIONS = ((_BY, 0), (-_BY, 0), (0, _BY), (0, -_BY))


def shifted_inputs(replay: Replay) -> str:
    """Each image is moved by two pixels, around the edge, in a direction drawn at random."""
    given = numbers_in(replay.arguments, replay.keywords)
    if not any(_is_image(each) for each in given.values()):
        raise NotApplicable("no input of the model is a batch of images")
    generator = torch.Generator().manual_seed(replay.seed)

    def shifted(_: int, tensor: Tensor) -> Tensor:
        if not _is_image(tensor):
            return tensor
        chosen = torch.randint(len(_DIRECTIONS), (len(tensor),), generator=generator).tolist()
        rows = [
            row.roll(_DIRECTIONS[way], (-2, -1)) for row, way in zip(tensor, chosen, strict=True)
        ]
        return torch.stack(rows)

    exchange_inputs(replay, shifted)
    return f"each image shifted by {_BY} pixels in a random direction"


def _is_image(tensor: Tensor) -> bool:
    return tensor.dim() == 4 and min(tensor.shape[-2:]) > 2 * _BY
