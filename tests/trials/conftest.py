"""Training loops held and replayed from within a test: a fork of it makes each replay."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

import unstuck
from unstuck.records import Run
from unstuck.trials import branch


@pytest.fixture
def proven() -> Callable[..., Run]:
    """Runs a training loop under ``watch(prove=True)``; the run with its trials."""
    if branch.unable():
        pytest.skip(str(branch.unable()))

    def prove(train: Callable[[], Any], budget: float = 60.0) -> Run:
        torch.manual_seed(0)
        with unstuck.watch(prove=True, budget=budget) as watched:
            train()
        assert watched.record is not None
        return watched.record

    return prove
