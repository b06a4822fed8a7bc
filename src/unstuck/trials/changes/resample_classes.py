"""The change of the same name."""

import torch
from torch.utils.data import WeightedRandomSampler

from unstuck.trials.changes._order import exchange_sampler, is_usual, labels_of, under_way
from unstuck.trials.replay import NotApplicable, Replay

_UNEVEN = 1.5


def resample_classes(replay: Replay) -> str:
    """Rows drawn with replacement, so that every class comes equally often, from the next batch on."""
    found = under_way(
        replay, lambda loader: is_usual(loader) and labels_of(loader.dataset) is not None
    )
    if not found:
        raise NotApplicable("no DataLoader has the classes of its rows at hand")
    loader = max(found, key=lambda each: len(each.dataset))  # type: ignore[arg-type]
    labels = labels_of(loader.dataset)
    assert labels is not None
    counts = torch.bincount(labels)
    present = counts[counts > 0]
    if len(present) < 2 or float(present.max() / present.min()) < _UNEVEN:
        raise NotApplicable("the classes come about equally often")
    weights = (1.0 / counts.clamp_min(1))[labels]
    generator = torch.Generator().manual_seed(replay.seed)

    def drawn(rows: list[int]) -> list[int]:
        if not rows:
            return rows
        return torch.multinomial(weights, len(rows), True, generator=generator).tolist()

    exchange_sampler(
        loader, WeightedRandomSampler(weights.tolist(), len(labels), generator=generator), drawn
    )
    rows = f"{int(present.min())} to {int(present.max())}"
    return f"{len(present)} classes drawn equally often (they have {rows} rows)"
