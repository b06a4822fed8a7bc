"""The change of the same name."""

from typing import Any

import torch
from torch.utils.data import RandomSampler, SequentialSampler

from unstuck.trials.changes._order import Loader, exchange_sampler, is_usual, under_way
from unstuck.trials.replay import NotApplicable, Replay


def shuffle(replay: Replay) -> str:
    """Loaders that give their data in order give it at random, from the next batch on."""
    found = under_way(replay, _is_in_order)
    if not found:
        raise NotApplicable("no DataLoader gives its data in order")
    generator = torch.Generator().manual_seed(replay.seed)

    def mixed(rows: list[int]) -> list[int]:
        return [rows[at] for at in torch.randperm(len(rows), generator=generator).tolist()]

    for loader in found:
        rows: Any = loader.dataset
        exchange_sampler(loader, RandomSampler(rows, generator=generator), mixed)
    return f"{len(found)} DataLoader{'s' * (len(found) > 1)} shuffled"


def _is_in_order(loader: Loader) -> bool:
    return is_usual(loader) and isinstance(loader.sampler, SequentialSampler)
