"""A watched piece of training, in this process."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import nn

from unstuck.checks import diagnose
from unstuck.observe.watching import Watcher
from unstuck.records import Facts


class Watched:
    """Handle on one watched block: the session inside, the facts after it."""

    def __init__(self, watcher: Watcher) -> None:
        self.session = watcher.session
        self.signals = watcher.signals
        self.facts = Facts()

    def probe(self, family: str):
        return next(p for p in self.session._probes if p.family == family)

    @property
    def found(self) -> list[str]:
        return [finding.check for finding in diagnose(self.facts).findings]


@pytest.fixture
def watching() -> Callable[..., Iterator[Watched]]:
    @contextmanager
    def watch(**how):
        watcher = Watcher("test", "test", **how)
        watcher.attach()
        assert watcher.failure is None
        watched = Watched(watcher)
        try:
            yield watched
        finally:
            watcher.detach()
            watcher.session.close()
            watched.facts = watcher.session.facts()

    return watch


@pytest.fixture
def task() -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    """A small classifier with data that it can learn."""
    torch.manual_seed(0)
    x = torch.randn(64, 8)
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(inplace=True), nn.Linear(16, 3))
    return model, x, x[:, :3].argmax(1)


def train(model, x, y, steps=6, optimizer=None, loss_function=None):
    """A plain loop."""
    optimizer = optimizer or torch.optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        # Looked up at each call, as the code of a person does.
        loss = (loss_function or nn.functional.cross_entropy)(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.fixture(name="train")
def train_fixture():
    return train
