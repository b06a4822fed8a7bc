"""The flight recorder: what the first number that is not finite came from, and how norms went."""

import math
import time
import weakref
from collections import deque
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from unstuck.observe import origin
from unstuck.observe.session import Session, is_plain
from unstuck.records.failure import Failure as Family
from unstuck.records.failure import Origin

# Share of the time that the norms of steps passing lightly may take.
_SHARE = 0.002
# Numbers in the gradient that is read at each step watched closely.
_SMALL = 2**14
_NEWEST, _THINNED, _NAMES = 64, 512, 5


class Failure:
    """Norms all along, one small gradient where steps are watched closely, and a close look once."""

    family = "failure"
    session: Session

    def __init__(self) -> None:
        self._sentinels: dict[int, weakref.ref[Tensor]] = {}
        self._newest: deque[list[float]] = deque(maxlen=_NEWEST)
        self._older: list[list[float]] = []
        self._measured = (0, time.perf_counter())
        self._found: dict[str, Any] | None = None

    # All along.

    def updating(self, optimizer: Optimizer) -> None:
        """In a step that is watched closely: a gradient that is not finite, and the norms."""
        if id(optimizer) not in self._sentinels or self.session.looking:
            self._choose(optimizer)
        sentinel = self._sentinels.get(id(optimizer))
        parameter = sentinel() if sentinel is not None else None
        gradient = parameter.grad if parameter is not None else None
        if gradient is not None and self._found is None:
            flat = gradient.detach().view(-1)
            if not math.isfinite(torch.dot(flat, flat).item()):
                self._gradient_failed(optimizer)
        if self.session.step >= self.session.next_pulse:
            self._measure(optimizer)

    def light_updating(self, optimizer: Optimizer) -> None:
        """The norms, at steps far enough apart to cost next to nothing."""
        with self.session.working():
            self._measure(optimizer)

    def _choose(self, optimizer: Optimizer) -> None:
        """The smallest of the first parameters: the last that a backward pass reaches.

        Only where reading a number makes nothing wait.
        """
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        usable = [p for p in parameters[:64] if _is_readable(p.grad)][:4]
        smallest = min(usable, key=lambda p: p.numel(), default=None)
        if smallest is not None and smallest.numel() <= _SMALL:
            self._sentinels[id(optimizer)] = weakref.ref(smallest)

    def _measure(self, optimizer: Optimizer) -> None:
        begun = time.perf_counter()
        step = self.session.step
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        parameters = [p for p in parameters if _is_readable(p.grad)]
        if not parameters:  # on a device, say: no norm is not a norm of zero
            self.session.next_pulse = step + _NEWEST
            return
        gradients = [p.grad for p in parameters]
        norms = [_norm(gradients), _norm(parameters)]
        if len(self._newest) == _NEWEST:
            self._older.append(self._newest[0])
            if len(self._older) > _THINNED:
                self._older = self._older[::2]
        self._newest.append([step, *norms])
        now = time.perf_counter()
        last_step, last_time = self._measured
        pace = (now - last_time) / max(1, step - last_step)
        self._measured = (step, now)
        apart = math.ceil((now - begun) / (_SHARE * max(pace, 1e-9)))
        self.session.next_pulse = step + max(1, apart)

    # Once.

    def loss_failed(self, step: int, tensor: Tensor) -> None:
        """The loss is not finite and its graph is whole: find where that began."""
        if self._found is not None:
            return
        broken, sound = self._divided(weights=True)
        where: Origin | None = None
        if not broken and not self.session.saved_hooks and is_plain(tensor):
            where = origin.first_nonfinite(tensor, self._layer_of)
        self._found = {
            "began": "weights" if broken else "loss",
            "step": step,
            "origin": where,
            **_names(broken, sound),
            # The gradient of the step before may have failed, unseen, in the same operation.
            "suspects": origin.suspects(tensor, []) if broken else [],
        }

    def _gradient_failed(self, optimizer: Optimizer) -> None:
        broken, sound = self._divided(weights=False)
        if not broken:  # the sum of squares overflowed
            return
        loss = self.session.newest_loss() if self.session.newest_loss is not None else None
        kept = [tensor for _, tensor in sound]
        self._found = {
            "began": "gradient",
            "step": self.session.step,
            "origin": None,
            **_names(broken, sound),
            "suspects": origin.suspects(loss, kept) if loss is not None else [],
        }

    def _divided(
        self, *, weights: bool
    ) -> tuple[list[tuple[str, Tensor]], list[tuple[str, Tensor]]]:
        """Parameters, or those whose gradients, that are not finite, and those that are."""
        broken: list[tuple[str, Tensor]] = []
        sound: list[tuple[str, Tensor]] = []
        for name, parameter in self._named():
            value = parameter.detach() if weights else parameter.grad
            if value is None or value.is_sparse or not value.is_floating_point():
                continue
            finite = bool(torch.isfinite(value).all())
            (sound if finite else broken).append((name, parameter))
        return broken, sound

    def _named(self) -> list[tuple[str, Tensor]]:
        modules = [(root.name, root.module) for root in self.session.roots]
        return [
            (f"{name}.{inner}", parameter)
            for name, module in modules
            if module is not None
            for inner, parameter in module.named_parameters()
        ]

    def _layer_of(self, parameter: Tensor) -> str:
        name = next((name for name, known in self._named() if known is parameter), "")
        return name.rpartition(".")[0] or name

    def facts(self) -> Family:
        """What was found, and the norms."""
        nothing: dict[str, Any] = {
            "began": "",
            "step": 0,
            "origin": None,
            **_names([], []),
            "suspects": [],
        }
        rows = [*self._older, *self._newest]
        found: Any = {
            **(self._found or nothing),
            "gradient_norms": [[step, norm] for step, norm, _ in rows],
            "weight_norms": [[step, norm] for step, _, norm in rows],
        }
        return found  # type: ignore[no-any-return]


def _names(broken: list[tuple[str, Tensor]], sound: list[tuple[str, Tensor]]) -> dict[str, Any]:
    return {
        "broken": [name for name, _ in broken[:_NAMES]],
        "broken_count": len(broken),
        "sound": [name for name, _ in sound[:_NAMES]],
    }


def _is_readable(gradient: Tensor | None) -> bool:
    """A plain gradient in host memory, in which a number can be read without waiting."""
    return (
        is_plain(gradient)
        and gradient is not None
        and gradient.device.type == "cpu"
        and gradient.layout == torch.strided
        and gradient.is_floating_point()
        and gradient.is_contiguous()
        and gradient.numel() > 0
    )


def _norm(tensors: list[Any]) -> float:
    norms = torch._foreach_norm([tensor.detach() for tensor in tensors])
    return float(torch.stack([norm.double() for norm in norms]).norm())
