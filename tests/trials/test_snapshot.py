"""When a run is held, and when not."""

import pytest
import torch
from torch import nn
from torch.nn import functional

import unstuck
from unstuck.trials import snapshot


def train(steps=3):
    model = nn.Linear(4, 2)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    model(torch.randn(2, 4))  # to look at a shape: no training
    for _ in range(steps):
        optimizer.zero_grad()
        functional.cross_entropy(model(torch.randn(8, 4)), torch.randint(2, (8,))).backward()
        optimizer.step()


def reason(**how):
    with unstuck.watch(prove=True, **how) as run:
        train()
    return run.record.facts.missing["trials"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("anonymous_memory", 2**50, "are free"),
        ("STATE_LIMIT", 1, "MiB, 0 are allowed"),
    ],
)
def test_a_process_too_large_to_be_held_says_so(monkeypatch, name, value, said):
    monkeypatch.setattr(
        snapshot, name, (lambda: value) if callable(getattr(snapshot, name)) else value
    )
    assert said in reason()


def test_a_gpu_in_use_is_not_held(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    assert "--rerun" in reason()


def test_without_training_nothing_is_held():
    with unstuck.watch(prove=True) as run:
        nn.Linear(4, 2).eval()
    assert "no model was called" in run.record.facts.missing["trials"]


def test_the_forward_before_the_first_backward_is_where_it_is_held(monkeypatch):
    """One that only looked at a shape is not taken for the beginning."""
    taken = []
    grow = snapshot.branch.grow
    monkeypatch.setattr(snapshot.branch, "grow", lambda: taken.append(1) or grow())
    assert "3 steps are too few" in reason()
    assert len(taken) == 2


def test_weights_that_look_drawn_are_drawn_anew_and_others_left():
    torch.manual_seed(0)
    drawn, constant, loaded = nn.Linear(20, 10), nn.Linear(20, 10), nn.Linear(20, 10)
    nn.init.constant_(constant.weight, 0.1)
    nn.init.normal_(loaded.weight, std=5.0)
    before = [each.weight.detach().clone() for each in (drawn, constant, loaded)]
    for each in (drawn, constant, loaded):
        snapshot._redraw(each)
    changed = [
        not torch.equal(a, b.weight) for a, b in zip(before, (drawn, constant, loaded), strict=True)
    ]
    assert changed == [True, False, False]


def test_a_bias_far_from_what_a_layer_draws_is_left():
    layer = nn.Linear(20, 1)
    nn.init.constant_(layer.bias, 300.0)
    snapshot._redraw(layer)
    assert layer.bias.item() == 300.0
