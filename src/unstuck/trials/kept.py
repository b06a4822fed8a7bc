"""The state of models and optimizers, kept so that it can be put back bit for bit."""

import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


class Kept:
    """Everything that a training step may change, as it is now.

    That is what can be reached from the roots through attributes of modules and optimizers, dicts,
    lists and tuples: parameters, buffers and other tensors with their gradients, counters, modes,
    parameter groups, optimizer state, and generators; and the global generators of torch, CUDA, Python
    and numpy. Objects stay the same objects: their content comes back, so that schedulers, hooks and
    whoever else holds them see what they saw.
    """

    def __init__(self, roots: Iterable[Any]) -> None:
        self.tensors: list[_KeptTensor] = []
        self._others: list[tuple[Callable[[Any, Any], object], Any, Any]] = []
        for thing in _reachable(roots):
            if isinstance(thing, Tensor):
                self.tensors.append(_KeptTensor.of(thing))
            for kind, read, write in _WAYS:
                if isinstance(thing, kind):
                    self._others.append((write, thing, read(thing)))
        self._drawn = _global_generators()

    @property
    def bytes(self) -> int:
        """The memory of the copies."""
        return sum(each.copy.nbytes for each in self.tensors if each.copy is not None)

    def put_back(self) -> None:
        """Make everything as it was. May be repeated; ends a second time if Ctrl-C cuts the first."""
        try:
            self._put_back()
        except KeyboardInterrupt:
            self._put_back()
            raise

    def _put_back(self) -> None:
        for write, thing, content in self._others:
            write(thing, content)
        for tensor in self.tensors:
            tensor.put_back()
        for write_all, state in self._drawn:
            write_all(state)


def seed_everything(seed: int) -> None:
    """Seed the global generators. One that is not set up yet is left so, or it could not be put back."""
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.manual_seed_all(seed)
    if torch.backends.mps.is_available():
        torch.mps.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed % 2**32)


@dataclass(frozen=True)
class _KeptTensor:
    tensor: Tensor
    place: Tensor
    copy: Tensor | None
    grad: Tensor | None
    requires_grad: bool

    @classmethod
    def of(cls, tensor: Tensor) -> "_KeptTensor":
        # Reading `.grad` of another than a leaf warns.
        return cls(
            tensor=tensor,
            place=tensor.data,
            copy=tensor.detach().clone() if _writable(tensor) else None,
            grad=tensor.grad if tensor.is_leaf else None,
            requires_grad=tensor.requires_grad,
        )

    def put_back(self) -> None:
        if self.copy is not None:
            if (
                self.tensor.device.type != "meta"
                and self.tensor.data_ptr() != self.place.data_ptr()
            ):
                self.tensor.data = self.place
            # Through `data`: autograd need not know, nothing of what it saved is changed in the end.
            self.place.copy_(self.copy)
        if self.tensor.is_leaf:
            self.tensor.requires_grad_(self.requires_grad)
            self.tensor.grad = self.grad


def _writable(tensor: Tensor) -> bool:
    """Elements that share their memory cannot be written to, by a training step as little as by us."""
    if tensor.layout != torch.strided:
        return True
    shared = any(
        size > 1 and stride == 0 for size, stride in zip(tensor.shape, tensor.stride(), strict=True)
    )
    return not shared and not tensor.is_inference()


def _reachable(roots: Iterable[Any]) -> Iterator[Any]:
    waiting, seen = list(roots), set[int]()
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        yield thing
        if isinstance(thing, nn.Module | torch.optim.Optimizer):
            waiting.append(vars(thing))
        elif isinstance(thing, dict):
            waiting.extend(thing.values())
        elif isinstance(thing, list | tuple | deque):
            waiting.extend(thing)


def _global_generators() -> list[tuple[Callable[[Any], object], Any]]:
    """How to set each, and its state. Their objects are not public, so they are no roots."""
    found: list[tuple[Callable[[Any], object], Any]] = [
        (torch.default_generator.set_state, torch.default_generator.get_state()),
        (random.setstate, random.getstate()),
        (np.random.set_state, np.random.get_state()),
    ]
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        found.append((torch.cuda.set_rng_state_all, torch.cuda.get_rng_state_all()))
    if torch.backends.mps.is_available():
        found.append((torch.mps.set_rng_state, torch.mps.get_rng_state()))
    return found


def _refill(thing: Any, content: list[Any]) -> None:
    if len(thing) != len(content) or any(a is not b for a, b in zip(thing, content, strict=True)):
        thing.clear()
        thing.extend(content)


def _refill_dict(thing: dict[Any, Any], content: list[tuple[Any, Any]]) -> None:
    pairs = zip(thing.items(), content, strict=True)
    if len(thing) != len(content) or any(a is not c or b is not d for (a, b), (c, d) in pairs):
        thing.clear()
        thing.update(content)


def _refill_set(thing: set[Any], content: set[Any]) -> None:
    thing.clear()
    thing.update(content)


def _set_bits(generator: np.random.Generator, state: Any) -> None:
    generator.bit_generator.state = state


def _rewrite(array: np.ndarray[Any, Any], content: np.ndarray[Any, Any]) -> None:
    if array.flags.writeable:
        array[...] = content


# What is no tensor: its type, how its content is read, how it is put back. A container that did not
# change is left alone: compiled code guards the dicts of modules.
_WAYS: tuple[tuple[type, Callable[[Any], Any], Callable[[Any, Any], object]], ...] = (
    (dict, lambda thing: list(thing.items()), _refill_dict),
    (list, list, _refill),
    (deque, list, _refill),
    (set, set, _refill_set),
    (np.ndarray, np.ndarray.copy, _rewrite),
    (torch.Generator, torch.Generator.get_state, torch.Generator.set_state),
    (random.Random, random.Random.getstate, random.Random.setstate),
    (np.random.Generator, lambda thing: thing.bit_generator.state, _set_bits),
    (np.random.RandomState, np.random.RandomState.get_state, np.random.RandomState.set_state),
)
