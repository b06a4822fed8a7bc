"""Steps, looks, light steps, and what happens when a probe fails."""

import os
import signal

import pytest
import torch
from torch import nn
from torch.nn import functional

from unstuck.observe.session import EVENTS


def test_looks_thin_out_and_do_not_depend_on_time(watching, task, train):
    seen = []
    for _ in range(2):
        with watching() as watched:
            looks = []
            watched.session.on_step = lambda w=watched, to=looks: to.append(
                (w.session.step, w.session.looking)
            )
            train(*task, steps=40)
        seen.append(looks)
    assert seen[0] == seen[1]
    steps = [step for step, looking in seen[0] if looking]
    assert steps[:5] == [1, 2, 3, 4, 5]
    assert len(steps) < 16


def test_light_steps_keep_their_number_and_their_loss(watching, task, train):
    with watching(budget=0.0, close_steps=3) as watched:
        watched.session.spent = 10.0  # the budget is gone
        losses = train(*task, steps=60)
    assert watched.session.steps == 60
    values = dict(watched.facts.loss["values"])
    assert [values[step] for step in range(60)] == losses
    assert watched.facts.optimizers[0]["steps"] == 60


def test_light_steps_keep_no_graph_of_a_validation_without_no_grad(watching, task, train):
    model, x, y = task
    with watching(budget=0.0, close_steps=3) as watched:
        watched.session.spent = 10.0
        train(model, x, y, steps=12)
        assert not watched.session.attentive
        for _ in range(50):
            functional.cross_entropy(model(x), y)
        kept = watched.session.light_losses
        assert len(kept) <= 2
        assert all(loss.grad_fn is None for loss in kept)


@pytest.mark.parametrize("event", EVENTS)
def test_a_probe_that_raises_is_lost_alone(watching, task, train, event):
    model, x, y = task
    with watching() as watched:

        def fail(*_):
            raise RecursionError("injected")

        for probe in watched.session._probes:
            if probe.family == "units":
                watched.session._handlers[event].insert(0, ("units", fail))
        losses = train(model, x, y, steps=8)
    assert len(losses) == 8
    assert watched.session.steps == 8
    # Events that this training does not have.
    silent = "lapsed loss_failed optimizer_built loader_started scheduler_built clipping clipped file_loaded"
    told = event in silent.split() or event.startswith("light_")
    assert told or "units" in watched.facts.missing
    assert watched.facts.loss is not None


def test_facts_that_raise_are_said_to_be_missing(watching, task, train):
    with watching() as watched:
        watched.probe("units").facts = lambda: 1 / 0
        train(*task)
    assert "ZeroDivisionError" in watched.facts.missing["units"]


def test_forked_children_record_nothing(watching, task, train):
    model, x, y = task
    with watching() as watched:
        train(model, x, y, steps=2)
        child = os.fork()
        if child == 0:
            # Nothing of torch's threads survives a fork: a kernel that waits for them never returns.
            signal.alarm(30)
            before = watched.session.backwards, len(watched.session.roots)
            with torch.no_grad():
                nn.Identity()(x)
            os._exit(int(before != (watched.session.backwards, len(watched.session.roots))))
        assert os.waitpid(child, 0)[1] == 0


def test_models_that_are_dropped_leave_their_facts_and_no_memory(watching):
    import gc
    import weakref

    def train_one():
        model = nn.Linear(8, 3)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(4):
            optimizer.zero_grad()
            functional.cross_entropy(
                model(torch.randn(4, 8)), torch.tensor([0, 1, 2, 0])
            ).backward()
            optimizer.step()
        return weakref.ref(model)

    with watching() as watched:
        dropped = train_one()
        gc.collect()
        assert dropped() is None
    names = [parameter["name"] for parameter in watched.facts.parameters]
    assert names == ["model.weight", "model.bias"]


def test_what_was_not_trained_is_said(watching, task):
    model, x, _ = task
    with watching() as watched:
        model(x)
    assert "nothing was trained" in watched.session.training()
    with watching() as watched:
        functional.mse_loss(model(x), torch.zeros(64, 3)).backward()
    assert "1 backward passes, but no optimizer step" in watched.session.training()


def test_loss_imported_by_name_before_watching_is_said(watching, task, train):
    early = functional.cross_entropy
    with watching() as watched:
        train(*task, loss_function=early)
    assert "imported by name before" in watched.facts.missing["loss_calls"]
    assert len(watched.facts.loss["values"]) == 6
