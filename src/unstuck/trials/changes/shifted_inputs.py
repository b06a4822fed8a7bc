"""The experiment of the same name: what does a model make of images that are not where they were?"""

from typing import Any

import torch
from torch import Tensor, nn

from unstuck.trials.changes._inputs import exchange_numbers, numbers_in
from unstuck.trials.replay import NotApplicable, Replay

_BY = 2
_DIRECTIONS = ((_BY, 0), (-_BY, 0), (0, _BY), (0, -_BY))


def shifted_inputs(replay: Replay) -> str:
    """The training stays as it is; when the model is scored, each image is moved by two pixels.

    Around the edge, in a direction drawn at random. The calls of the script are announced to the replay,
    those that score the model are not.
    """
    given = numbers_in(replay.arguments, replay.keywords)
    if not any(_is_image(each) for each in given.values()):
        raise NotApplicable("no input of the model is a batch of images")
    generator = torch.Generator().manual_seed(replay.seed)
    of_the_script = False

    def announce(
        _: nn.Module, arguments: tuple[Any, ...], keywords: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        nonlocal of_the_script
        of_the_script = True
        return arguments, keywords

    def shift(_: nn.Module, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        nonlocal of_the_script
        announced, of_the_script = of_the_script, False
        if announced or torch.is_grad_enabled():
            return None
        return exchange_numbers(arguments, keywords, lambda _, each: _shifted(each, generator))

    replay.change_inputs(announce)
    replay.model.register_forward_pre_hook(shift, with_kwargs=True)
    return f"each image shifted by {_BY} pixels in a random direction, when the model is scored"


def _shifted(tensor: Tensor, generator: torch.Generator) -> Tensor:
    if not _is_image(tensor):
        return tensor
    chosen = torch.randint(len(_DIRECTIONS), (len(tensor),), generator=generator).tolist()
    rows = [row.roll(_DIRECTIONS[way], (-2, -1)) for row, way in zip(tensor, chosen, strict=True)]
    return torch.stack(rows)


def _is_image(tensor: Tensor) -> bool:
    return tensor.dim() == 4 and min(tensor.shape[-2:]) > 2 * _BY
