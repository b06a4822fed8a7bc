"""How each peer of ``peers.py`` is attached to a script that it does not change, and what its rules name.

A launcher runs the script with ``runpy`` and waits for the first training forward of an outermost
module that has parameters in an optimizer; there the peer's documented calls are made, as a person
would have written them into the script. After 200 updates the peer is asked for its report, and the
script is ended.

``names`` of a peer maps each of its rules to the faults that the rule's own title, explanation or advice
names as a cause. It is meant to be lenient: one cause among several counts. Advice that fits everything
("clip gradients", "add data") names nothing. Advice about speed is no alarm.
"""

import contextlib
import functools
import io
import json
import math
import os
import runpy
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar, NoReturn

import torch
from torch import nn
from torch.nn import functional
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves, tree_map

STEPS, SECONDS = 200, 75
# So many backward passes are looked at for one of the attached model.
_PASSES = 10
_LOSSES = (
    "cross_entropy nll_loss mse_loss l1_loss smooth_l1_loss huber_loss kl_div poisson_nll_loss "
    "gaussian_nll_loss binary_cross_entropy binary_cross_entropy_with_logits"
).split()
# One message of a peer: its rule, its level, its words.
Message = tuple[str, str, str]


class Tape(TorchFunctionMode):
    """What the script does between the output of its model and the loss, to do it to other outputs."""

    def __init__(self, output: Any) -> None:
        super().__init__()
        self.output, self.loss, self.calls = output, None, []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Note the call, until the loss is known."""
        result = func(*args, **(kwargs or {}))
        if self.loss is None:
            self.calls.append((func, args, kwargs or {}, result))
        return result

    def leads_to_loss(self) -> bool:
        """Whether the loss can be had from the output alone."""
        return self.loss is not None and self._replay(self.output) is not None

    def loss_function(self) -> Callable[..., Any]:
        """``loss_fn(outputs)``; a ``CrossEntropyLoss`` where it is one of the model's own output."""
        for func, args, kwargs, result in self.calls:
            scores = args[0] if args else kwargs.get("input")
            if func.__name__ == "cross_entropy" and result is self.loss and scores is self.output:
                return _SameCrossEntropy(self._replay)
        return lambda outputs, _targets=None: self._replay(outputs)

    def _replay(self, output: Any) -> Any:
        olds, news = tree_leaves(self.output), tree_leaves(output)
        known = {id(old): new for old, new in zip(olds, news, strict=True)}

        def swap(leaf: Any) -> Any:
            if not isinstance(leaf, torch.Tensor) or id(leaf) in known:
                return known.get(id(leaf), leaf)
            # Of another model, before the output: its graph can be gone back through only once.
            return leaf if leaf.is_leaf else leaf.detach()

        for func, args, kwargs, result in self.calls:
            tensors = [leaf for leaf in tree_leaves((args, kwargs)) if _is_tensor(leaf)]
            results = [leaf for leaf in tree_leaves(result) if _is_tensor(leaf)]
            # What needs no gradient and has nothing of the output stays as it was.
            if any(id(t) in known for t in tensors) or any(not t.is_leaf for t in results):
                again = func(*tree_map(swap, args), **tree_map(swap, kwargs))
                fresh = zip(tree_leaves(result), tree_leaves(again), strict=True)
                known |= {id(old): new for old, new in fresh if _is_tensor(old)}
        return known.get(id(self.loss))


def _is_tensor(leaf: Any) -> bool:
    return isinstance(leaf, torch.Tensor)


class _SameCrossEntropy(nn.CrossEntropyLoss):
    """Recognised as what it is by a peer that looks."""

    def __init__(self, again: Callable[[Any], Any]) -> None:
        super().__init__()
        self.again = again

    def forward(self, outputs: Any, _targets: Any = None) -> Any:
        """The script's cross-entropy of other outputs."""
        return self.again(outputs)


class Peer:
    """No peer: the script alone. Each peer overrides what its documentation asks a person to do."""

    package = ""
    how = "the script alone, under the same launcher"
    ranks = False  # whether its report puts the likeliest cause first
    severe: ClassVar = frozenset()  # its levels above warning
    needs_model, wants_tape = True, False
    names: ClassVar[dict[str, str]] = {}

    def begin(self, launch: "Launch") -> None:
        """Before the first training forward; the model and its optimizer are known."""

    def before_backward(self, launch: "Launch") -> None:
        """The loss is known."""

    def stepped(self, launch: "Launch") -> None:
        """After an update."""

    def evaluated(self, launch: "Launch", loss: float) -> None:
        """A loss was taken without gradients."""

    def failed(self, error: BaseException) -> bool:
        """Whether the error that ended the script is the peer's message."""
        return False

    def messages(self, launch: "Launch") -> Iterator[Message]:
        """Its report, at its warning level or above, in its order."""
        yield from ()


class Launch:
    """One script under one peer."""

    def __init__(self, peer: Peer, answer: Path) -> None:
        self.peer, self.answer, self.begun = peer, answer, time.perf_counter()
        self.model: nn.Module | None = None
        self.optimizer: torch.optim.Optimizer | None = None
        self.inputs: tuple[tuple[Any, ...], dict[str, Any]] = ((), {})
        self.output: Any = None
        self.tape: Tape | None = None
        self.loss, self.loss_name, self.grad_norm, self.steps = math.nan, "", math.nan, 0
        self.optimizers: list[torch.optim.Optimizer] = []
        self.attached = False
        self._last: nn.Module | None = None
        self._depth, self._passes, self._outside = 0, 0, False

    def run(self, script: Path) -> NoReturn:
        """Run the script; write the answer; never return."""
        self._intercept()
        signal.signal(signal.SIGALRM, lambda *_: self.finish("time was up"))
        signal.alarm(SECONDS)
        sys.argv = [str(script)]
        sys.path.insert(0, str(script.parent))
        try:
            runpy.run_path(str(script), run_name="__main__")
        except SystemExit:
            pass
        except BaseException as error:  # noqa: BLE001 - whatever ended the script is part of the answer
            if not self.peer.failed(error):
                self.finish(f"{type(error).__name__}: {error}")
        self.finish()

    def finish(self, error: str = "") -> NoReturn:
        """Ask for the report and end the process as a kill would."""
        signal.alarm(0)
        self._outside = True
        found: list[Message] = []
        try:
            if self.attached:
                found.extend(self.peer.messages(self))
        except Exception as failure:  # noqa: BLE001 - a peer that fails is part of the answer
            error = error or f"the peer: {type(failure).__name__}: {failure}"
        body = {
            "attached": self.attached,
            "whole": self.whole(),
            "steps": self.steps,
            "error": error[-300:],
            "seconds": round(time.perf_counter() - self.begun, 1),
            "messages": found,
        }
        self.answer.write_text(json.dumps(body))
        os._exit(0)

    def whole(self) -> bool:
        """Whether the model holds all that its optimizer does."""
        if self.model is None or self.optimizer is None:
            return False
        return _parameters(self.optimizer) <= {id(p) for p in self.model.parameters()}

    @contextlib.contextmanager
    def outside(self) -> Iterator[None]:
        """What the peer itself does is not the script's."""
        before, self._outside = self._outside, True
        try:
            yield
        finally:
            self._outside = before

    def _intercept(self) -> None:
        launch, call, backward = self, nn.Module.__call__, torch.autograd.backward
        construct = torch.optim.Optimizer.__init__

        @functools.wraps(call)
        def called(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
            if launch._outside:
                return call(module, *args, **kwargs)
            if launch._depth == 0:
                launch._before_forward(module, args, kwargs)
            launch._depth += 1
            try:
                output = call(module, *args, **kwargs)
            finally:
                launch._depth -= 1
            if module is launch.model:
                launch._after_forward(args, kwargs, output)
            return output

        @functools.wraps(backward)
        def backwards(tensors: Any, *args: Any, **kwargs: Any) -> Any:
            if launch._outside:
                return backward(tensors, *args, **kwargs)
            launch._before_backward(tensors)
            result = backward(tensors, *args, **kwargs)
            launch._after_backward()
            return result

        @functools.wraps(construct)
        def constructed(optimizer: Any, *args: Any, **kwargs: Any) -> None:
            construct(optimizer, *args, **kwargs)
            if not launch._outside:
                launch.optimizers.append(optimizer)

        nn.Module.__call__ = called
        torch.autograd.backward = backwards
        torch.optim.Optimizer.__init__ = constructed
        register_optimizer_step_post_hook(self._after_step)
        for name in _LOSSES:
            setattr(functional, name, self._noted(name, getattr(functional, name)))

    def _noted(self, name: str, loss: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(loss)
        def noted(*args: Any, **kwargs: Any) -> Any:
            value = loss(*args, **kwargs)
            if not self._outside and self.attached and self._depth <= 1:
                if torch.is_grad_enabled():
                    self.loss_name = name
                elif value.numel() == 1:
                    with self.outside():
                        self.peer.evaluated(self, float(value))
            return value

        return noted

    def _before_forward(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        if self.steps >= STEPS:
            self.finish()
        if self.attached or not torch.is_grad_enabled():
            return
        mine = {id(p) for p in module.parameters() if p.requires_grad}
        if mine:
            self._last, self.inputs = module, (args, kwargs)
            shared = [(len(mine & _parameters(each)), each) for each in self.optimizers]
            count, best = max(shared, key=lambda pair: pair[0], default=(0, None))
            if count:
                self._attach(module, best)

    def _after_forward(self, args: Any, kwargs: Any, output: Any) -> None:
        self.output = output
        if self.peer.wants_tape and self.tape is None and torch.is_grad_enabled():
            self.inputs, self.tape = (args, kwargs), Tape(output)
            self.tape.__enter__()

    def _attach(self, model: nn.Module | None, optimizer: Any) -> None:
        if model is None and self.peer.needs_model:
            return
        self.model, self.optimizer, self.attached = model, optimizer, True
        with self.outside():
            self.peer.begin(self)

    def _before_backward(self, tensors: Any) -> None:
        if self.steps >= STEPS:
            self.finish()
        loss = tensors if isinstance(tensors, torch.Tensor) else tensors[0]
        self.loss = float(loss.detach()) if loss.numel() == 1 else math.nan
        if not self.attached and (self._last or not self.peer.needs_model):
            # No optimizer holds any of the model, or there is no optimizer, or no module.
            self._attach(self._last, self.optimizers[-1] if self.optimizers else None)
        if self.attached:
            if self.tape and self.tape.loss is None:
                self.tape.loss = loss
                self._passes += 1
                if self._passes < _PASSES and not self._reached(loss):
                    # The loss of another model, as of the discriminator of a GAN.
                    self.tape = None
                    return
            with self.outside():
                self.peer.before_backward(self)

    def _reached(self, loss: torch.Tensor) -> bool:
        """Whether the loss depends on the output of the model."""
        leaves = [t for t in tree_leaves(self.tape.output) if _is_tensor(t) and t.requires_grad]
        if not leaves or loss.numel() != 1:
            return False
        with self.outside():
            found = torch.autograd.grad(loss, leaves, retain_graph=True, allow_unused=True)
        return any(gradient is not None for gradient in found)

    def _after_backward(self) -> None:
        if not self.attached:
            return
        groups = self.optimizer.param_groups if self.optimizer else []
        held = [p.grad for group in groups for p in group["params"] if p.grad is not None]
        with self.outside():
            if held:
                dense = [g.coalesce().values() if g.is_sparse else g for g in held]
                self.grad_norm = float(nn.utils.get_total_norm(dense))
        if not self.optimizers:
            self._count()

    def _after_step(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        if not self._outside and self.attached and optimizer is self.optimizer:
            self._count()

    def _count(self) -> None:
        with self.outside():
            self.peer.stepped(self)
        self.steps += 1


def _parameters(optimizer: torch.optim.Optimizer) -> set[int]:
    return {id(p) for group in optimizer.param_groups for p in group["params"]}


class TorchAudit(Peer):
    """autopatch, the zero-touch mode of its readme."""

    package = "torch-audit"
    severe = frozenset({"ERROR", "FATAL"})
    how = (
        "autopatch(model, optimizer=optimizer, every_n_steps=1, run_static=True, run_init=True) before the "
        "first training forward; finish() at the end; its category Performance is not counted"
    )
    names: ClassVar = {
        "TA100": "non-finite-loss learning-rate-suspect initial-scale",
        "TA102": "exploding-gradients learning-rate-suspect",
        "TA104": "unreached-parameters",
        "TA105": "dead-units initial-scale learning-rate-suspect",
        "TA301": "unscaled-inputs",
        "TA302": "constant-or-duplicate-inputs",
        "TA303": "",
        "TA304": "tiny-batch-with-batch-norm last-batch-of-one",
        "TA305": "",
        "TA400": "",
        "TA401": "l2-inside-adam",
        "TA402": "",
        "TA403": "",
        "TA405": "dead-units symmetric-units",
        "TA500": "unreached-parameters",
        "TA501": "",
    }

    def begin(self, launch: Launch) -> None:
        """Patch the model and the optimizer."""
        from torch_audit import autopatch

        self.auditor = autopatch(
            launch.model,
            optimizer=launch.optimizer,
            every_n_steps=1,
            run_static=True,
            run_init=True,
            suppress_internal_errors=True,
        )

    def messages(self, launch: Launch) -> Iterator[Message]:
        """By rule, as its console report."""
        result = self.auditor.finish()
        for found in sorted(result.findings, key=lambda f: f.rule_id):
            category = result.rules[found.rule_id].category
            if found.severity.value != "INFO" and category != "Performance":
                yield found.rule_id, found.severity.value, found.message


class Torchmortem(Peer):
    """Autopsy around the loop."""

    package = "torchmortem"
    severe = frozenset({"CRITICAL"})
    how = (
        "Autopsy(model, optimizer=optimizer) attached before the first training forward, step(loss=...) "
        "after each update, detach() and its report at the end"
    )
    ranks = True
    names: ClassVar = {
        "Vanishing gradients detected": "vanishing-gradients saturated-units",
        "Exploding gradients detected": "exploding-gradients learning-rate-suspect initial-scale",
        "Gradient stalling": "vanishing-gradients dead-units saturated-units unreached-parameters "
        "initial-scale",
        "Update ratio too low": "learning-rate-suspect vanishing-gradients",
        "Update ratio too high": "learning-rate-suspect",
        "Activation saturation": "saturated-units vanishing-gradients initial-scale "
        "learning-rate-suspect",
        "Dead units": "dead-units initial-scale learning-rate-suspect",
        "High gradient noise (low SNR)": "learning-rate-suspect tiny-batch-with-batch-norm",
        "Weight norm explosion": "exploding-gradients learning-rate-suspect",
        "Stagnant weight norms": "vanishing-gradients learning-rate-suspect unreached-parameters",
        "Inter-layer weight norm imbalance": "initial-scale",
        "Training divergence detected": "learning-rate-suspect non-finite-loss",
        "Loss plateau detected": "loss-not-falling learning-rate-suspect",
        "Rank collapse": "learning-rate-suspect dropout-too-strong",
    }

    def begin(self, launch: Launch) -> None:
        """Attach its collectors."""
        from torchmortem import Autopsy

        self.autopsy = Autopsy(launch.model, optimizer=launch.optimizer)
        self.autopsy.attach()

    def stepped(self, launch: Launch) -> None:
        """Its one line in the loop."""
        self.autopsy.step(loss=launch.loss)

    def messages(self, launch: Launch) -> Iterator[Message]:
        """By severity; the first of them is its top recommendation."""
        self.autopsy.detach()
        for found in self.autopsy.get_report().findings:
            if found.severity.name != "INFO":
                yield found.title.partition(" in ")[0], found.severity.name, found.summary


class Torchtest2(Peer):
    """check_model on the first training batch."""

    package = "torchtest2"
    severe = frozenset({"FAIL"})
    how = (
        "check_model(model, inputs, loss_fn=..., optimizer=...) with the first training batch, at the first "
        "backward pass; loss_fn does what the script did from the model's output to its loss (a "
        "CrossEntropyLoss where it is one); the batch dimension from the shapes; skip=batch_independence, "
        "since only a person knows whether samples may meet (graphs, contrastive losses); its warning of "
        "foreign tensors in the optimizer is not counted, since an optimizer may hold several models"
    )
    wants_tape = True
    names: ClassVar = {
        "forward": "",
        "output_finite": "non-finite-loss nan-inputs",
        "output_varies": "dead-units loss-broadcast",
        "eval_determinism": "training-mode-in-validation",
        "loss/non-finite": "non-finite-loss",
        "loss/other": "unreached-parameters",
        "initial_loss/high": "initial-loss-off initial-scale unscaled-inputs",
        "initial_loss/low": "",
        "optimizer_coverage": "unoptimized-parameters",
        "gradient_flow/none": "unreached-parameters",
        "gradient_flow/zero": "dead-units",
        "gradient_magnitude/non-finite": "non-finite-loss",
        "gradient_magnitude/large": "exploding-gradients initial-scale learning-rate-suspect "
        "unscaled-inputs unscaled-targets",
        "params_change/FAIL": "unoptimized-parameters unreached-parameters",
        "params_change/WARN": "vanishing-gradients",
        "frozen_params": "",
        "input_dependency": "unreached-parameters",
        "overfit_batch/non-finite": "non-finite-loss learning-rate-suspect",
        "overfit_batch/flat": "learning-rate-suspect loss-target-mismatch output-range-mismatch "
        "loss-not-falling",
        "overfit_batch/slow": "learning-rate-suspect",
        "overfit_batch/raised": "",
    }

    def before_backward(self, launch: Launch) -> None:
        """One batch is all it asks for: the script ends here."""
        launch.finish()

    def messages(self, launch: Launch) -> Iterator[Message]:
        """In the order of its checks."""
        from torchtest2 import check_model

        args, kwargs = launch.inputs
        options: dict[str, Any] = {}
        inputs: Any = kwargs if kwargs and not args else args if len(args) != 1 else args[0]
        if args and kwargs:
            inputs = {"args": args, "kwargs": kwargs}
            options["forward_fn"] = lambda m, i, _t: m(*i["args"], **i["kwargs"])
            options["eval_forward_fn"] = lambda m, i: m(*i["args"], **i["kwargs"])
        if launch.tape and launch.tape.leads_to_loss():
            options["loss_fn"] = launch.tape.loss_function()
            options |= _batch_dimensions(inputs, launch.tape.output)
        report = check_model(
            launch.model,
            inputs,
            optimizer=launch.optimizer,
            skip=("batch_independence",),
            **options,
        )
        for result in report:
            rule = _variant(result)
            if result.status.value in ("WARN", "FAIL") and rule != "optimizer_coverage/foreign":
                yield rule, result.status.value, result.message


def _batch_dimensions(inputs: Any, output: Any) -> dict[str, Any]:
    """Where the batch is: the first dimension, or the second of inputs, or nowhere."""
    shapes = [t.shape for t in tree_leaves(inputs) if isinstance(t, torch.Tensor) and t.ndim]
    sizes = {t.shape[0] for t in tree_leaves(output) if isinstance(t, torch.Tensor) and t.ndim}
    if {shape[0] for shape in shapes} == sizes and len(sizes) == 1:
        return {}
    if {shape[1] for shape in shapes if len(shape) > 1} == sizes and len(sizes) == 1:
        return {"batch_dim": 1, "output_batch_dim": 0}
    return {"batch_dim": None}


def _variant(result: Any) -> str:
    """A rule for each of the different things that one check of torchtest2 says."""
    name, words, details = result.name, result.message, result.details
    if name == "initial_loss":
        return f"{name}/{'high' if 'much larger' in words else 'low'}"
    if name == "optimizer_coverage" and not details.get("missing"):
        return f"{name}/foreign"
    if name == "gradient_flow":
        return f"{name}/{'none' if details.get('no_grad') else 'zero'}"
    if name == "gradient_magnitude":
        return f"{name}/{'non-finite' if 'non_finite' in details else 'large'}"
    if name == "params_change":
        return f"{name}/{result.status.value}"
    if name == "loss":
        return f"{name}/{'non-finite' if words.startswith('the loss is') else 'other'}"
    if name == "overfit_batch":
        for sign, kind in (
            ("became", "non-finite"),
            ("not decrease", "flat"),
            ("capacity", "slow"),
        ):
            if sign in words:
                return f"{name}/{kind}"
        return f"{name}/raised"
    return name


class TrainingDoctor(Peer):
    """doctor.log of the four recommended metrics."""

    package = "training-doctor"
    severe = frozenset({"critical"})
    how = (
        "Doctor().log(step, loss, lr, grad_norm, and eval_loss where the script takes a loss without "
        "gradients) after each update: its recommended metrics; all diagnoses of its default detectors"
    )
    needs_model = False
    norms = True
    names: ClassVar = {
        "lr_too_high": "learning-rate-suspect",
        "lr_too_high/nan": "learning-rate-suspect non-finite-loss",
        "lr_too_low": "learning-rate-suspect loss-not-falling constant-or-duplicate-inputs",
        "plateau": "loss-not-falling learning-rate-suspect",
        "overfitting": "overfitting",
        "gradient_instability/nan": "non-finite-loss learning-rate-suspect",
        "gradient_instability/exploding": "exploding-gradients learning-rate-suspect",
        "gradient_instability/vanishing": "vanishing-gradients dead-units saturated-units initial-scale",
        "gradient_instability/noisy": "learning-rate-suspect",
    }

    def begin(self, launch: Launch) -> None:
        """A doctor for the run."""
        from training_doctor import Doctor

        self.doctor, self.evals = Doctor(), []

    def evaluated(self, launch: Launch, loss: float) -> None:
        """Kept until the next update, to be logged as one mean."""
        self.evals.append(loss)

    def stepped(self, launch: Launch) -> None:
        """Its one line in the loop."""
        metrics = {"loss": launch.loss}
        if launch.optimizer:
            metrics["lr"] = float(launch.optimizer.param_groups[0]["lr"])
        if self.norms and not math.isnan(launch.grad_norm):
            metrics["grad_norm"] = launch.grad_norm
        if self.evals:
            metrics["eval_loss"] = sum(self.evals) / len(self.evals)
            self.evals.clear()
        self.doctor.log(launch.steps, **metrics)

    def messages(self, launch: Launch) -> Iterator[Message]:
        """As they came."""
        for found in self.doctor.diagnoses:
            if found.severity.value == "info":
                continue
            level, name = found.severity.value, found.detector_name
            seen = " ".join(each.observation for each in found.evidence)
            kinds = [""]
            if name == "lr_too_high" and "NaN" in seen:
                kinds = ["/nan"]
            elif name == "gradient_instability":
                signs = (("NaN", "nan"), ("Exploding", "exploding"), ("Vanishing", "vanishing"))
                kinds = [f"/{kind}" for sign, kind in signs if sign in seen] or ["/noisy"]
            for kind in kinds:
                yield name + kind, level, f"{found.problem}: {seen}"


class TrainingDoctorMinimal(TrainingDoctor):
    """doctor.log as in its quick start."""

    how = (
        "Doctor().log(step, loss, lr) after each update, as in its quick start, and eval_loss; without the "
        "gradient norm it alarms less"
    )
    norms = False


class NeuralDbg(Peer):
    """The context manager of its readme."""

    package = "neuraldbg"
    how = (
        "NeuralDbg(model) entered before the first training forward, record_loss(loss) at each update; the "
        "first failures of its exported package, in the order of their steps (its hypotheses need a "
        "separate engine); it has no levels, so each counts"
    )
    ranks = True
    names: ClassVar = {
        "gradient_vanishing": "vanishing-gradients",
        "gradient_exploding": "exploding-gradients",
        "gradient_saturated": "vanishing-gradients saturated-units",
        "activation_dead": "dead-units",
        "activation_saturated": "saturated-units",
        "activation_anomalous": "non-finite-loss nan-inputs",
        "optimizer_loss_plateau": "loss-not-falling",
        "optimizer_loss_spike": "learning-rate-suspect",
        "optimizer_diverging": "non-finite-loss learning-rate-suspect",
        "data_nan_detected": "nan-inputs non-finite-loss",
        "data_inf_detected": "nan-inputs non-finite-loss",
        "data_distribution_shift": "sorted-data",
    }

    def begin(self, launch: Launch) -> None:
        """Enter it."""
        from neuraldbg import NeuralDbg as Debugger

        self.debugger = Debugger(launch.model)
        self.debugger.__enter__()

    def stepped(self, launch: Launch) -> None:
        """Its lines in the loop."""
        self.debugger.record_loss(launch.loss)
        self.debugger.step = launch.steps + 1

    def messages(self, launch: Launch) -> Iterator[Message]:
        """By the step of the first occurrence."""
        where = self.debugger.first_failure_layer
        for key, step in sorted(self.debugger.first_failure_step.items(), key=lambda kv: kv[1]):
            yield key, "", f"{key} first at {where[key]}, step {step}"


class Torchdiag(Peer):
    """Its commands around the loop."""

    package = "torchdiag"
    how = (
        "check_gradients(model) at each of the first ten updates and each tenth, "
        "check_dead_neurons with the first batch before the loop and after it, verify_step after it"
    )
    wants_tape = True
    names: ClassVar = {
        "gradients exploding": "exploding-gradients",
        "gradients vanishing": "vanishing-gradients",
        "gradients none": "unreached-parameters",
        "dead neurons": "dead-units learning-rate-suspect initial-scale",
        "loss not finite": "non-finite-loss",
        "no parameter changed": "unoptimized-parameters unreached-parameters",
        "training step failed": "",
    }

    def begin(self, launch: Launch) -> None:
        """The model, before the loop."""
        self.found: list[Message] = []
        self._dead(launch)

    def stepped(self, launch: Launch) -> None:
        """The gradients of this update."""
        import torchdiag

        if launch.steps >= 10 and launch.steps % 10:
            return
        with contextlib.redirect_stdout(io.StringIO()):
            found = torchdiag.check_gradients(launch.model)
        kinds = {"EXPLODE": "exploding", "VANISH": "vanishing", "no_grad": "none"}
        for name, each in found.items():
            if each["status"] in kinds:
                self.found.append((f"gradients {kinds[each['status']]}", "issue", name))

    def _dead(self, launch: Launch) -> None:
        import torchdiag

        args, kwargs = launch.inputs
        if len(args) == 1 and not kwargs:
            with contextlib.redirect_stdout(io.StringIO()):
                found = torchdiag.check_dead_neurons(launch.model, args[0])
            for name, each in found.items():
                if each["dead_pct"] > 20:  # its warning level
                    self.found.append(("dead neurons", "issue", f"{name}: {each['dead_pct']} %"))

    def messages(self, launch: Launch) -> Iterator[Message]:
        """As they came, then the step."""
        yield from self.found
        self.found = []
        self._dead(launch)
        yield from self.found
        args, kwargs = launch.inputs
        if len(args) == 1 and not kwargs and launch.tape and launch.tape.leads_to_loss():
            yield from self._step(launch, launch.tape.loss_function())

    def _step(self, launch: Launch, loss: Callable[..., Any]) -> Iterator[Message]:
        import torchdiag

        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            torchdiag.verify_step(launch.model, launch.optimizer, loss, launch.inputs[0][0], None)
        signs = {
            "not finite": "loss not finite",
            "None gradients": "gradients none",
            "No parameters changed": "no parameter changed",
            "failed": "training step failed",
        }
        for line in said.getvalue().partition("ISSUES FOUND")[2].splitlines():
            for sign, rule in signs.items():
                if sign in line:
                    yield rule, "issue", line.strip()


class Torcheck(Peer):
    """All its checks of the whole model."""

    package = "torcheck"
    how = (
        "register(optimizer) before the first training forward; for the model's trainable parameters the "
        "changing, NaN and infinity checks, for an output that is one tensor the NaN and infinity checks "
        "and, with cross_entropy, that it is not all within (0, 1); it raises at its first message"
    )
    names: ClassVar = {
        "should change": "unreached-parameters",
        "contains NaN": "non-finite-loss",
        "contains inf": "non-finite-loss",
        "output shouldn't all": "softmax-before-cross-entropy",
        "doesn't belong to any optimizer": "unoptimized-parameters",
    }

    def begin(self, launch: Launch) -> None:
        """Register what a person would."""
        import torcheck

        self.words, self.ranged = "", False
        if launch.optimizer is None:
            return
        torcheck.register(launch.optimizer)
        for name, parameter in launch.model.named_parameters():
            if parameter.requires_grad:
                try:
                    torcheck.add_tensor(parameter, name, "model", True, True, True)
                except RuntimeError as error:
                    self.words = f"{name}: {error}"

    def before_backward(self, launch: Launch) -> None:
        """The output, once it is known to be one tensor, and what the loss is."""
        import torcheck

        if self.ranged or not isinstance(launch.output, torch.Tensor):
            return
        self.ranged = True
        bounds = {"output_range": (0, 1), "negate_range": True}
        torcheck.registry._add_output_check(
            launch.model,
            module_name="model",
            check_nan=True,
            check_inf=True,
            **(bounds if launch.loss_name == "cross_entropy" else {}),
        )

    def failed(self, error: BaseException) -> bool:
        """It raises its message."""
        words = str(error)
        mine = isinstance(error, RuntimeError) and any(sign in words for sign in self.names)
        self.words += f"\n{words}" if mine else ""
        return mine

    def messages(self, launch: Launch) -> Iterator[Message]:
        """The lines of its error."""
        for line in self.words.splitlines():
            for sign in self.names:
                if sign in line:
                    yield sign, "error", line


class Mldoct(Peer):
    """Its linter."""

    package = "mldoct"
    severe = frozenset({"CRITICAL", "ERROR"})
    how = "mldoctor check of the file (its linter); its warning about num_workers is not counted"
    names: ClassVar = {
        "missing_zero_grad": "stale-gradients",
        "double_softmax": "softmax-before-cross-entropy",
        "missing_eval": "training-mode-in-validation",
        "oom_leak": "graph-kept-alive",
        "syntax_error": "",
    }


PEERS: dict[str, type[Peer]] = {
    "none": Peer,
    "torch-audit": TorchAudit,
    "torchmortem": Torchmortem,
    "torchtest2": Torchtest2,
    "training-doctor": TrainingDoctor,
    "training-doctor without gradient norm": TrainingDoctorMinimal,
    "neuraldbg": NeuralDbg,
    "torchdiag": Torchdiag,
    "torcheck": Torcheck,
    "mldoct": Mldoct,
}


def lint(script: Path, answer: Path) -> NoReturn:
    """The linter's answer, as that of a launch."""
    from mldoctor.linter import lint_script

    found = [
        (each["type"], each["severity"], each["message"])
        for each in lint_script(str(script))[0]
        if each["severity"] != "INFO" and each["type"] != "cpu_bottleneck"
    ]
    body = {"attached": True, "whole": True, "steps": 0, "error": "", "seconds": 0.0}
    answer.write_text(json.dumps({**body, "messages": found}))
    os._exit(0)
