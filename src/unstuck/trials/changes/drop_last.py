"""The change of the same name."""

import functools

from torch.utils.data import BatchSampler

from unstuck.trials.changes._order import Loader, is_usual, iterations, under_way
from unstuck.trials.replay import NotApplicable, Replay


def drop_last(replay: Replay) -> str:
    """Loaders leave out a last batch that is not full, also in the epoch under way."""
    found = under_way(replay, _has_a_rest)
    if not found:
        raise NotApplicable("no DataLoader has an incomplete last batch")
    for loader in found:
        for iteration in iterations(loader):
            full = functools.partial(_is_full, loader.batch_size)
            iteration._sampler_iter = filter(full, iteration._sampler_iter)
        assert isinstance(loader.batch_sampler, BatchSampler)
        loader.batch_sampler.drop_last = True
        vars(loader)["drop_last"] = True
    return f"incomplete last batch left out of {len(found)} DataLoader{'s' * (len(found) > 1)}"


def _is_full(size: int | None, batch: list[int]) -> bool:
    return len(batch) == size


def _has_a_rest(loader: Loader) -> bool:
    size = loader.batch_size
    whole = not is_usual(loader) or loader.batch_sampler is None or loader.drop_last or not size
    return not whole and bool(len(loader.sampler) % (size or 1))  # type: ignore[arg-type]
