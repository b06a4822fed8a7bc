"""What is captured is enough to run the first steps again, bit for bit."""

import random

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from unstuck.observe.capture import Capture, ForwardCall, LossRecord, RandomStates


class Net(nn.Module):
    """Draws random numbers and has buffers, so that only the right states give the same losses."""

    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(8, 32)
        self.norm = nn.BatchNorm1d(32)
        self.output = nn.Linear(32, 3)

    def forward(self, x):
        x = functional.dropout(self.norm(self.hidden(x)).relu(), 0.3, self.training)
        return self.output(x)


def replay(capture, model, optimizer):
    """The captured events again, on a model and an optimizer in their captured state."""
    start = capture.models["model"]
    model.load_state_dict(start.tensors)
    optimizer.load_state_dict(capture.optimizers[0])
    capture.random.restore()
    recorded, again = [], []
    for step in capture.steps:
        output = None
        for event in step.events:
            if isinstance(event, ForwardCall):
                torch.set_rng_state(event.random)
                output = model(*capture.read(event.arguments))
            elif isinstance(event, LossRecord):
                loss = getattr(functional, event.function)(output, capture.read(event.target))
                recorded.append(event.value)
                again.append(loss.item())
            elif event == "backward":
                optimizer.zero_grad()
                loss.backward()
            else:
                optimizer.step()
    return recorded, again


def captured_run(watching, memory=None):
    torch.manual_seed(3)
    x = torch.randn(96, 8)
    loader = DataLoader(TensorDataset(x, x[:, :3].argmax(1)), batch_size=16, shuffle=True)
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    buffer = torch.empty(16, 8)
    with watching() as watched:
        capture = watched.probe("captured").capture
        if memory is not None:
            capture._memory_left = memory
        for _ in range(3):
            for batch, target in loader:
                buffer.copy_(batch)  # a reused buffer: by reference all batches would be the last
                optimizer.zero_grad()
                functional.cross_entropy(model(buffer), target).backward()
                optimizer.step()
        assert watched.session.guard.losses == {}
    return capture, model, optimizer


def test_replay_gives_the_recorded_losses(watching):
    capture, model, optimizer = captured_run(watching)
    recorded, again = replay(capture, model, optimizer)
    assert len(recorded) == 18
    assert recorded == again


def test_batches_beyond_the_memory_are_read_back_from_disk(watching):
    capture, model, optimizer = captured_run(watching, memory=4 * 16 * 8 * 4)
    assert capture._file is not None
    recorded, again = replay(capture, model, optimizer)
    assert recorded == again
    capture.close()


def test_replay_without_the_random_states_differs(watching, monkeypatch):
    capture, model, optimizer = captured_run(watching)
    monkeypatch.setattr(torch, "set_rng_state", lambda state: None)
    recorded, again = replay(capture, model, optimizer)
    assert recorded != again


def test_generators_are_restored():
    states = RandomStates.now()
    drawn = torch.rand(2).tolist(), random.random(), np.random.rand()
    states.restore()
    assert (torch.rand(2).tolist(), random.random(), np.random.rand()) == drawn


def test_what_does_not_fit_is_refused_and_said():
    capture = Capture(memory=100, disk=100)
    capture.forward(ForwardCall("model", (torch.zeros(1000),), {}, True, True))
    assert capture.refused == "too large: the batches of these steps do not fit"
    assert not capture.open


def test_model_beyond_the_limit_is_refused(monkeypatch):
    monkeypatch.setattr("unstuck.observe.capture.free_memory", lambda: 1000)
    capture = Capture()
    capture.start_model("model", nn.Linear(100, 100))
    assert capture.refused.startswith("too large: the model has")
    assert not capture.models


def test_structures_keep_their_shape():
    capture = Capture()
    given = {"a": [torch.ones(2), (torch.zeros(1), "word")], "b": None}
    capture.forward(ForwardCall("model", (given,), {}, True, True))
    [event] = capture.steps[0].events
    kept = capture.read(event.arguments)[0]
    assert torch.equal(kept["a"][0], torch.ones(2))
    assert kept["a"][1][1] == "word"
    assert kept["a"][0] is not given["a"][0]


def test_what_is_given_by_keyword_is_captured_and_counted(watching):
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(8, 3)

        def forward(self, *, x, target):
            return functional.cross_entropy(self.layer(x), target)

    model = Named()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x, target = torch.randn(12, 8), torch.arange(12) % 3
    with watching() as watched:
        for _ in range(4):
            optimizer.zero_grad()
            model(x=x, target=target).backward()
            optimizer.step()
    capture = watched.probe("captured").capture
    calls = [e for step in capture.steps for e in step.events if isinstance(e, ForwardCall)]
    assert len(calls) == 4
    assert all(torch.equal(call.keywords["x"], x) for call in calls)
    assert calls[0].keywords["x"] is not x
    assert watched.facts.families["data"]["batch"] == 12
