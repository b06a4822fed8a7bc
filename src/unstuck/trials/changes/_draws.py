"""Random numbers of a change's own: the script draws the same as without it."""

import contextlib
from collections.abc import Iterator

import torch


@contextlib.contextmanager
def own_draws(seed: int) -> Iterator[None]:
    """Inside, torch's generators begin at the seed; afterwards they stand where they stood."""
    used = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    with torch.random.fork_rng(devices=list(range(torch.cuda.device_count())) if used else []):
        torch.manual_seed(seed)
        yield
