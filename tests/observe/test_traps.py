"""Every trap of the design's table: what may be used, and what never or only so."""

import copy
import pickle
import random
import sys
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint
from torch.utils.data import DataLoader, TensorDataset

from unstuck.checks import diagnose


def test_everything_is_taken_off_again(watching, task, train):
    def wrapped():
        return (
            functional.cross_entropy,
            torch.autograd.backward,
            torch.autograd.grad,
            torch.compile,
            torch.jit.script,
            torch.nn.utils.clip_grad_norm_,
            torch._C._autograd._push_saved_tensors_default_hooks,
            torch.optim.Optimizer.__init__,
            torch.optim.lr_scheduler.LRScheduler.__init__,
            torch.optim.lr_scheduler.ReduceLROnPlateau.__init__,
            DataLoader.__iter__,
            np.load,
            np.memmap.__new__,
        )

    before = wrapped()
    with watching():
        train(*task)
        assert not any(now is was for now, was in zip(wrapped(), before, strict=True))
    assert wrapped() == before
    assert not nn.modules.module._has_any_global_hook()
    hooks = sys.modules["torch.optim.optimizer"]  # torch.optim deletes its own name for it
    assert not hooks._global_optimizer_pre_hooks
    assert not hooks._global_optimizer_post_hooks


def test_relu_and_other_functions_are_left_alone(watching):
    relu, softmax = functional.relu, functional.softmax
    with watching():
        assert functional.relu is relu
        assert functional.softmax is softmax


def test_nothing_is_drawn_from_a_global_generator(watching, task, train):
    model, x, y = task
    loader = DataLoader(TensorDataset(x, y), batch_size=16)
    state = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    with watching():
        for batch, target in [(x[:16], y[:16])]:
            train(model, batch, target)
        assert len(loader) == 4
    assert torch.equal(torch.get_rng_state(), state[0])
    assert random.getstate() == state[1]
    assert np.random.get_state()[1].tolist() == state[2]


def test_no_hook_is_pickled_or_copied_with_the_model(watching, task, train):
    model, x, y = task
    before = pickle.dumps(model)
    with watching():
        train(model, x, y, steps=3)
        model(x)
        assert not model._forward_hooks
        assert not model._forward_pre_hooks
        assert b"unstuck" not in pickle.dumps(model)
        assert not copy.deepcopy(model)._forward_hooks
    assert b"unstuck" not in before


def test_hook_of_a_forward_that_raises_is_taken_off(watching, task):
    model, _, _ = task
    with watching():
        for _ in range(2):
            with pytest.raises(RuntimeError, match="mat1 and mat2"):
                model(torch.randn(4, 5))
        assert not model._forward_hooks


class _Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

    def forward(self, x):
        return self.encoder(x)


def _fast_calls(module, x):
    """How many layers take the fast path: the fused operator, seen by the profiler."""
    module.eval()
    with torch.no_grad(), torch.profiler.profile() as profile:
        module(x)
    return sum("_transformer_encoder_layer_fwd" in event.name for event in profile.events())


def test_fast_path_of_the_transformer_is_kept(watching):
    x = torch.randn(2, 5, 16)
    inside, alone = _Encoder(), nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
    plain = _fast_calls(inside, x), _fast_calls(alone, x)
    assert plain[0] >= 2
    assert plain[1] >= 1
    with watching():
        assert (_fast_calls(inside, x), _fast_calls(alone, x)) == plain


def test_compiled_module_gives_no_warning_and_is_seen(watching, task, train):
    model, x, y = task
    with watching() as watched, warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*global hooks.*")
        train(torch.compile(model, backend="eager"), x, y)
    assert watched.facts.families["data"]["batch"] == 64
    assert len(watched.facts.loss["values"]) == 6


def test_compiled_function_with_a_loss_in_it(watching, task):
    model, x, y = task
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watching() as watched:

        @torch.compile(backend="eager", fullgraph=True)
        def compute(x, y):
            return functional.cross_entropy(model(x), y)

        losses = []
        for _ in range(4):
            optimizer.zero_grad()
            loss = compute(x, y)
            losses.append(loss.item())
            loss.backward()
            optimizer.step()
    assert watched.session.steps == 4
    assert [value for _, value in watched.facts.loss["values"]] == losses


def test_what_compiling_hides_is_said(watching, task, train):
    model, x, y = task
    with watching() as watched:
        train(
            torch.compile(nn.Sequential(model, nn.Softmax(1)), backend="aot_eager"), x, y, steps=4
        )
    diagnosis = diagnose(watched.facts)
    assert "hides" in diagnosis.not_checked["activation-on-logits"]
    # Rows that sum to one are seen by value, whatever hides the operation.
    assert [f.check for f in diagnosis.findings] == ["softmax-before-cross-entropy"]


def test_scripted_module_with_a_loss_in_it(watching, task):
    class WithLoss(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(8, 3)

        def forward(self, x, y):
            return functional.cross_entropy(self.layer(x), y)

    _, x, y = task
    with watching() as watched, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit is deprecated in some versions
        module = torch.jit.script(WithLoss())
        optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
        for _ in range(4):
            optimizer.zero_grad()
            module(x, y).backward()
            optimizer.step()
        assert functional.cross_entropy.__wrapped__
    assert watched.session.steps == 4
    assert not watched.session.guard.losses


def test_checkpointed_forward_runs_no_extra_time(watching, task):
    _, x, y = task
    calls = []

    class Body(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(8, 3)

        def forward(self, x):
            calls.append(1)
            return self.layer(x)

    body = Body()
    head = nn.Linear(3, 3)
    optimizer = torch.optim.SGD([*body.parameters(), *head.parameters()], lr=0.1)

    def steps():
        calls.clear()
        for _ in range(3):
            optimizer.zero_grad()
            hidden = checkpoint(body, x, use_reentrant=False)
            functional.cross_entropy(head(hidden), y).backward()
            optimizer.step()
        return len(calls)

    plain = steps()
    with watching():
        assert steps() == plain


def test_loss_of_a_scaled_run_is_the_loss_and_not_the_scaled_one(watching, task):
    model, x, y = task
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**16)
    losses = []
    with watching() as watched:
        for _ in range(4):
            optimizer.zero_grad()
            loss = functional.cross_entropy(model(x), y)
            losses.append(loss.item())
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
    assert [value for _, value in watched.facts.loss["values"]] == losses


def test_optimizers_stepped_inside_backward_make_one_step(watching, task):
    model, x, y = task
    optimizers = {p: torch.optim.SGD([p], lr=0.1) for p in model.parameters()}

    def step(parameter):
        optimizers[parameter].step()
        optimizers[parameter].zero_grad()

    handles = [p.register_post_accumulate_grad_hook(step) for p in model.parameters()]
    with watching() as watched:
        for _ in range(5):
            functional.cross_entropy(model(x), y).backward()
    for handle in handles:
        handle.remove()
    assert watched.session.steps == 5
    assert not watched.found


def test_several_forwards_and_optimizers_make_one_step(watching, task):
    model, x, y = task
    first = torch.optim.SGD(model[0].parameters(), lr=0.1)
    second = torch.optim.SGD(model[2].parameters(), lr=0.1)
    with watching() as watched:
        for _ in range(5):
            first.zero_grad()
            second.zero_grad()
            (
                functional.cross_entropy(model(x), y) + functional.cross_entropy(model(-x), y)
            ).backward()
            first.step()
            second.step()
    assert watched.session.steps == 5


def test_accumulation_counts_updates(watching, task):
    model, x, y = task
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watching() as watched:
        for _ in range(4):
            optimizer.zero_grad()
            for part in range(4):
                rows = slice(16 * part, 16 * part + 16)
                (functional.cross_entropy(model(x[rows]), y[rows]) / 4).backward()
            optimizer.step()
    assert watched.session.steps == 4
    assert watched.facts.families["data"]["backwards_per_step"] == 4
    assert not watched.found


def test_closures_of_lbfgs_count_one_step_each(watching, task):
    model, x, y = task
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=4)

    def closure():
        optimizer.zero_grad()
        loss = functional.cross_entropy(model(x), y)
        loss.backward()
        return loss

    with watching() as watched:
        for _ in range(5):
            optimizer.step(closure)
    assert watched.session.steps == 5
    assert not watched.found


def test_manual_updates_are_counted_and_said(watching, task):
    model, x, y = task
    with watching() as watched:
        for _ in range(5):
            model.zero_grad()
            functional.cross_entropy(model(x), y).backward()
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter -= 0.1 * parameter.grad
    assert watched.session.steps == 5
    assert "by hand" in watched.session.training()


def test_updates_through_data_are_counted_as_well(watching, task):
    model, x, y = task
    with watching() as watched:
        for _ in range(5):
            model.zero_grad()
            functional.cross_entropy(model(x), y).backward()
            for parameter in model.parameters():
                parameter.data -= 0.1 * parameter.grad
    assert watched.session.steps == 5


def test_a_generator_given_to_backward_is_not_used_up(watching, task):
    model, x, y = task
    losses = [functional.cross_entropy(model(x), y) for _ in range(2)]
    with watching():
        torch.autograd.backward(loss for loss in losses)
    assert all(p.grad is not None for p in model.parameters())


def test_own_function_modes_see_no_call_of_ours(watching, task):
    from torch.overrides import TorchFunctionMode

    class Count(TorchFunctionMode):
        def __init__(self):
            super().__init__()
            self.calls = 0

        def __torch_function__(self, function, types, arguments=(), keywords=None):
            self.calls += 1
            return function(*arguments, **(keywords or {}))

    def count():
        torch.manual_seed(0)
        model = nn.Linear(8, 3)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        with Count() as mode:
            for _ in range(4):
                optimizer.zero_grad()
                functional.cross_entropy(model(task[1]), task[2]).backward()
                optimizer.step()
        return mode.calls

    plain = count()
    with watching():
        assert count() == plain


def test_own_dispatch_modes_see_no_call_of_ours(watching, task):
    from torch.utils._python_dispatch import TorchDispatchMode

    class Count(TorchDispatchMode):
        def __init__(self):
            super().__init__()
            self.calls = 0

        def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
            self.calls += 1
            return function(*arguments, **(keywords or {}))

    def count():
        model = nn.Linear(8, 3)
        with Count() as mode:
            functional.cross_entropy(model(task[1]), task[2]).backward()
        return mode.calls

    plain = count()
    with watching():
        assert count() == plain


def test_transforms_of_torch_func_pass_through(watching, task):
    _, x, y = task

    def loss(weight):
        return functional.mse_loss(x @ weight, y.float())

    with watching() as watched:
        torch.func.vmap(torch.func.grad(loss))(torch.randn(3, 8))
    assert not watched.session.guard.losses


def test_tensor_subclasses_are_not_touched(watching, task):
    class Own(torch.Tensor):
        pass

    model, x, y = task
    with watching() as watched:
        functional.cross_entropy(model(x.as_subclass(Own)), y).backward()
    assert not watched.session.guard.losses
