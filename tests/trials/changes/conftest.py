"""A replay that is told of what happens as in a replayed process, in this one."""

import functools
import inspect

import pytest
import torch
from torch.nn import functional
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from torch.overrides import _get_current_function_mode_stack, _pop_mode

from unstuck.trials.changes import all_changes
from unstuck.trials.replay import LossCall, Replay

LOSSES = (
    "cross_entropy",
    "nll_loss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "mse_loss",
    "l1_loss",
)


@pytest.fixture
def live(monkeypatch):
    """``live(model, optimizer, x, change=...)``: the replay, after the change at the first forward."""
    handles = []
    depth = len(_get_current_function_mode_stack())
    monkeypatch.setattr(torch.autograd, "_engine_run_backward", torch.autograd._engine_run_backward)

    def attach(model, optimizers=(), *arguments, change=(), loaders=(), seed=0, **options):
        optimizers = [optimizers] if isinstance(optimizers, torch.optim.Optimizer) else optimizers
        models = model if isinstance(model, list) else [model]
        keywords = options.pop("keywords", {})
        replay = Replay(
            models,
            list(optimizers),
            loaders=list(loaders),
            arguments=arguments,
            keywords=keywords,
            seed=seed,
            **options,
        )

        def called(module, given, words):
            return replay.called(module, given, words)

        for each in models:
            handles.append(each.register_forward_pre_hook(called, with_kwargs=True))
        handles.append(register_optimizer_step_pre_hook(lambda o, *_: replay.updating(o)))
        handles.append(register_optimizer_step_post_hook(lambda o, *_: replay.updated(o)))
        replay.losses = []
        for name in LOSSES:
            monkeypatch.setattr(functional, name, _reporting(name, replay))
        names = [change] if isinstance(change, str) else change
        replay.words = [all_changes()[name](replay) for name in names]
        return replay

    yield attach
    for handle in handles:
        handle.remove()
    while len(_get_current_function_mode_stack()) > depth:
        _pop_mode()
    if hasattr(torch.compiler, "set_stance"):
        torch.compiler.set_stance("default")


def _reporting(name, replay):
    original = getattr(functional, name)

    @functools.wraps(original)
    def loss(prediction, target, *arguments, **options):
        call = replay.loss_called(LossCall(name, prediction, target, options))
        function = inspect.unwrap(getattr(functional, call.function))
        result = function(call.prediction, call.target, *arguments, **call.options)
        replay.losses.append(float(result.detach().mean()))
        return result

    return loss
