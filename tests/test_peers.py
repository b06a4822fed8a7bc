import importlib.util
import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from unstuck.checks import all_checks

_SPEC = importlib.util.spec_from_file_location(
    "attach_peers", Path(__file__).parent.parent / "benchmarks" / "attach_peers.py"
)
assert _SPEC is not None
assert _SPEC.loader is not None
peers = importlib.util.module_from_spec(_SPEC)
sys.modules["attach_peers"] = peers
_SPEC.loader.exec_module(peers)


def test_what_rules_of_peers_name_are_our_checks():
    known = set(all_checks())
    for peer in peers.PEERS.values():
        for faults in peer.names.values():
            assert set(faults.split()) <= known


def test_tape_computes_the_scripts_loss_of_other_outputs():
    model, x, y = nn.Linear(3, 4), torch.randn(5, 3), torch.tensor([0, 1, 2, 3, 0])
    tape = peers.Tape(model(x))
    with tape:
        scaled = tape.output / 2
        loss = 3 * functional.cross_entropy(scaled, y)
    tape.loss = loss
    other = torch.randn(5, 4, requires_grad=True)
    again = tape.loss_function()(other)
    assert torch.equal(again, 3 * functional.cross_entropy(other / 2, y))
    again.backward()
    assert other.grad is not None


def test_tape_says_when_the_loss_is_a_plain_cross_entropy():
    output, y = torch.randn(5, 4, requires_grad=True), torch.tensor([0, 1, 2, 3, 0])
    tape = peers.Tape(output)
    with tape:
        loss = nn.CrossEntropyLoss(label_smoothing=0.1)(output, y)
    tape.loss = loss
    found = tape.loss_function()
    assert isinstance(found, nn.CrossEntropyLoss)
    assert torch.equal(found(output), loss)


def test_tape_goes_back_again_through_what_another_model_gave():
    """Each pass has its own graph: of the second call, and of what was there before the output."""
    model, other, x = nn.Linear(3, 4), nn.Linear(3, 4), torch.randn(5, 3)
    before = other(x)
    tape = peers.Tape(model(x))
    with tape:
        loss = (tape.output - model(2 * x) - before).square().mean()
    tape.loss = loss
    loss.backward()
    again = tape.loss_function()
    for _ in range(2):
        again(model(x)).backward()
    assert again(model(x)).item() == loss.item()
