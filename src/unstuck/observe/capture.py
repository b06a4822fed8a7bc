"""Copies of what a later replay needs: the start, and each training step's batches and losses.

The start is the state of models and optimizers before the first training forward; a batch is what the
outermost module received. Everything is copied, because a script may fill the same buffer again. Kept
in host memory, beyond a few megabytes in one file on disk; bounded, and silent about what did not fit:
``Capture.refused`` then says why.
"""

import os
import random
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

# Two hundred steps are what `check` watches; replays need at least a hundred.
STEPS = 200
MEMORY = 64 * 2**20
DISK = 4 * 2**30
STATE_SHARE, STATE_LIMIT = 0.1, 2 * 2**30


@dataclass(frozen=True)
class Stored:
    """A tensor on disk: where it lies in the file, and how to read it."""

    offset: int
    shape: tuple[int, ...]
    dtype: torch.dtype
    requires_grad: bool


@dataclass(frozen=True)
class ForwardCall:
    """One call of an outermost module in training. Tensors are copies, or ``Stored``.

    ``random`` is torch's generator at the call: between two steps a loader draws from it as well.
    """

    root: str
    arguments: Any
    keywords: Any
    training: bool
    grad: bool
    random: Tensor | None = None


@dataclass(frozen=True)
class LossRecord:
    """One call of a loss function: its name, target, options, and the value it gave."""

    function: str
    target: Any
    options: dict[str, Any]
    value: float


@dataclass
class CapturedStep:
    """What happened in one step, in order."""

    events: list[ForwardCall | LossRecord | str] = field(default_factory=list)


@dataclass(frozen=True)
class RandomStates:
    """The generators of torch, CUDA, Python and NumPy."""

    torch: Tensor
    cuda: tuple[Tensor, ...]
    python: Any
    numpy: Any

    @classmethod
    def now(cls) -> "RandomStates":
        """The states at this moment; reading them draws nothing."""
        numpy = sys.modules.get("numpy")
        cuda = bool(torch.cuda.is_initialized())  # type: ignore[no-untyped-call]
        return cls(
            torch.get_rng_state(),
            tuple(torch.cuda.get_rng_state_all()) if cuda else (),
            random.getstate(),
            numpy.random.get_state() if numpy is not None else None,
        )

    def restore(self) -> None:
        """Set the generators to these states."""
        torch.set_rng_state(self.torch)
        if self.cuda:
            torch.cuda.set_rng_state_all(list(self.cuda))
        random.setstate(self.python)
        numpy = sys.modules.get("numpy")
        if numpy is not None and self.numpy is not None:
            numpy.random.set_state(self.numpy)


@dataclass(frozen=True)
class ModelStart:
    """A model before its first training forward: parameters, buffers, gradients, modes."""

    tensors: dict[str, Tensor]
    gradients: dict[str, Tensor]
    training: dict[str, bool]

    @classmethod
    def of(cls, module: nn.Module) -> "ModelStart":
        """Copies in host memory."""
        named = [*module.named_parameters(), *module.named_buffers()]
        graded = [(name, p.grad) for name, p in module.named_parameters() if p.grad is not None]
        return cls(
            {name: _copy(tensor) for name, tensor in named},
            {name: _copy(gradient) for name, gradient in graded},
            {name: inner.training for name, inner in module.named_modules()},
        )


class Capture:
    """Collects; ``refused`` is the reason why nothing (more) is collected, None while it is."""

    def __init__(self, steps: int = STEPS, memory: int = MEMORY, disk: int = DISK) -> None:
        self.models: dict[str, ModelStart] = {}
        self.optimizers: list[dict[str, Any]] = []
        self.random: RandomStates | None = None
        self.steps: list[CapturedStep] = [CapturedStep()]
        self.refused: str | None = None
        self._limit = steps
        self._memory_left = memory
        self._disk_left = disk
        self._file: int | None = None

    @property
    def open(self) -> bool:
        """Whether more is collected."""
        return self.refused is None and len(self.steps) <= self._limit

    def start_model(self, name: str, module: nn.Module) -> None:
        """Copy a model before its first training forward."""
        needed = sum(t.numel() * t.element_size() for t in module.parameters())
        allowed = min(STATE_LIMIT, STATE_SHARE * free_memory())
        if needed > allowed:
            self.refused = (
                f"too large: the model has {needed / 2**20:.0f} MiB, {allowed / 2**20:.0f} allowed"
            )
            return
        if self.random is None:
            self.random = RandomStates.now()
        self.models[name] = ModelStart.of(module)

    def start_optimizer(self, optimizer: torch.optim.Optimizer) -> None:
        """Copy an optimizer before its first update."""
        self.optimizers.append(_copied(optimizer.state_dict(), _copy))

    def forward(self, call: ForwardCall) -> None:
        """Copy the inputs of a training forward."""
        arguments = _copied(call.arguments, self._keep)
        keywords = _copied(call.keywords, self._keep)
        state = torch.get_rng_state()
        self._add(ForwardCall(call.root, arguments, keywords, call.training, call.grad, state))

    def keywords(self, root: str, keywords: dict[str, Any]) -> None:
        """Add the keyword arguments of the newest call of this module.

        They are known only when it returns: torch tells them to hooks of the module alone.
        """
        events = self.steps[-1].events
        for at in reversed(range(len(events)) if self.open else ()):
            call = events[at]
            if isinstance(call, ForwardCall) and call.root == root:
                events[at] = replace(call, keywords=_copied(keywords, self._keep))
                return

    def loss(self, record: LossRecord) -> None:
        """Copy the targets of a loss call."""
        options = _copied(record.options, self._keep)
        self._add(LossRecord(record.function, self._keep(record.target), options, record.value))

    def mark(self, word: str) -> None:
        """Note ``backward`` or ``update`` in the order of events."""
        self._add(word)

    def end_step(self) -> None:
        """The next events belong to the next step."""
        if self.open:
            self.steps.append(CapturedStep())

    def _add(self, event: ForwardCall | LossRecord | str) -> None:
        if self.open:
            self.steps[-1].events.append(event)

    def _keep(self, tensor: Tensor) -> Tensor | Stored:
        size = tensor.numel() * tensor.element_size()
        if size <= self._memory_left:
            self._memory_left -= size
            return _copy(tensor)
        if size > self._disk_left:
            self.refused = "too large: the batches of these steps do not fit"
            return tensor.new_empty(0)
        self._disk_left -= size
        return self._write(tensor)

    def _write(self, tensor: Tensor) -> Stored:
        """Append to a file without a name: the system removes it when the process ends, however."""
        if self._file is None:
            self._file, name = tempfile.mkstemp()
            os.unlink(name)  # noqa: PTH108
        whole = tensor.detach().cpu().contiguous()
        offset = os.lseek(self._file, 0, os.SEEK_END)
        if whole.numel():
            os.write(self._file, whole.reshape(-1).view(torch.uint8).numpy().tobytes())
        return Stored(offset, tuple(tensor.shape), tensor.dtype, tensor.requires_grad)

    def read(self, kept: Any) -> Any:
        """The same structure with what is on disk read back."""
        if isinstance(kept, Stored):
            return self._read(kept)
        return _rebuilt(kept, self.read)

    def _read(self, stored: Stored) -> Tensor:
        if self._file is None:
            raise ValueError("nothing was stored on disk")
        count = torch.Size(stored.shape).numel()
        size = count * torch.empty(0, dtype=stored.dtype).element_size()
        raw = os.pread(self._file, size, stored.offset)
        flat = torch.frombuffer(bytearray(raw), dtype=stored.dtype) if raw else torch.empty(0)
        return flat.to(stored.dtype).reshape(stored.shape).requires_grad_(stored.requires_grad)

    def close(self) -> None:
        """Give memory and disk back."""
        self.steps.clear()
        self.models.clear()
        if self._file is not None:
            os.close(self._file)
            self._file = None


def free_memory() -> int:
    """Bytes of memory that are free for use; 8 GiB where the system does not tell."""
    try:
        with open("/proc/meminfo") as lines:
            return next(
                int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable")
            )
    except (OSError, StopIteration, ValueError):
        return 8 * 2**30


def _copy(tensor: Tensor) -> Tensor:
    """A copy in host memory with the same strides, so that kernels see the same layout."""
    copy = tensor.detach().to("cpu", copy=True)
    return copy.requires_grad_(tensor.requires_grad) if tensor.is_floating_point() else copy


def _copied(value: Any, keep: Callable[[Tensor], Any]) -> Any:
    """The structure with every tensor kept; other things stay what they are."""
    if isinstance(value, Tensor):
        return keep(value)
    return _rebuilt(value, lambda item: _copied(item, keep))


def _rebuilt(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {key: change(item) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(change(item) for item in value))
    if isinstance(value, list | tuple):
        return type(value)(change(item) for item in value)
    return value
