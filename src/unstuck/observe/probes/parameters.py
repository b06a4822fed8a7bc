"""Which parameters the loss reaches, which an optimizer holds, and which move."""

import weakref
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.weak import WeakIdKeyDictionary

from unstuck.observe import locate
from unstuck.observe.graph import Walk
from unstuck.observe.session import Leaf, Missing, Root, Session
from unstuck.records.finding import Place
from unstuck.records.parameters import Parameter

_LIMIT = 20_000


class Parameters:
    """Holds graph against optimizers. Identities are kept, not the parameters themselves."""

    family = "parameters"
    session: Session

    def __init__(self) -> None:
        self._reached = WeakIdKeyDictionary()
        self._optimized = WeakIdKeyDictionary()
        self._fixed: weakref.WeakSet[nn.Module] = weakref.WeakSet()
        self._stepped: weakref.WeakSet[Optimizer] = weakref.WeakSet()
        self._first = WeakIdKeyDictionary()
        self._seen: dict[str, Parameter] = {}
        self._in_step = False

    def optimizer_built(self, optimizer: Optimizer, place: Place | None) -> None:
        """What it holds counts as optimized, stepped or not."""
        self._add(optimizer)

    def updating(self, optimizer: Optimizer) -> None:
        """Groups may have been added since; a model trained after others may see no walk but this step."""
        if self.session.looking:
            self._add(optimizer)
        if optimizer not in self._stepped:
            self._stepped.add(optimizer)
            given = [p for group in optimizer.param_groups for p in group["params"]]
            self._reached.update(dict.fromkeys([p for p in given if p.grad is not None], True))

    def updated(self, optimizer: Optimizer) -> None:
        """The step's own forwards are over."""
        self._in_step = False

    def _add(self, optimizer: Optimizer) -> None:
        for group in optimizer.param_groups:
            self._optimized.update(dict.fromkeys(group["params"], True))

    def forward(self, root: Root, module: nn.Module, arguments: Any, grad: bool) -> None:
        """A network in eval mode, or run without gradients within the step, is fixed on purpose."""
        if (grad and not module.training) or (not grad and self._in_step):
            self._fixed.add(module)
        self._in_step = self._in_step or grad

    def walked(self, walk: Walk) -> None:
        """The leaves of one graph."""
        self._reached.update(dict.fromkeys(walk.parameters, True))
        if not len(self._first) and not self.session.updates:
            self._first.update(self._norms())

    def step_ended(self, step: int) -> None:
        """Write down what is known while the models are there; a function may drop its model."""
        if self.session.looking:
            self._write_down()

    def _norms(self) -> dict[Tensor, float]:
        """A fingerprint of each parameter outside the optimizers, to see whether it moves."""
        outside = [
            p
            for p in self._all()
            if p not in self._optimized and p.is_floating_point() and p.requires_grad
        ][:_LIMIT]
        if not outside:
            return {}
        norms = torch.stack([n.double().cpu() for n in torch._foreach_norm(outside)])
        return dict(zip(outside, norms.tolist(), strict=True))

    def _all(self) -> list[Tensor]:
        """The parameters of all models, and those that a model has but does not know of."""
        modules = [root.module for root in self.session.roots]
        known: list[Tensor] = [p for m in modules if m is not None for p in m.parameters()]
        return known + [tensor for _, tensor in self._unregistered()]

    def _unregistered(self) -> list[tuple[Leaf, Tensor]]:
        found = sorted(self.session.leaves.values(), key=lambda leaf: leaf.name)
        leaves = [(leaf, leaf.tensor) for leaf in found]
        return [(leaf, tensor) for leaf, tensor in leaves if isinstance(tensor, nn.Parameter)]

    def facts(self) -> list[Parameter] | Missing:
        """One record a parameter, at most 20,000; of a dropped model as it was last seen."""
        self._write_down()
        if not self._seen:
            return Missing("no model was seen: no module with parameters was called outermost")
        return list(self._seen.values())

    def _write_down(self) -> None:
        now = self._norms() if self.session.steps else {}
        written: set[int] = set()
        for root in self.session.roots:
            module = root.module
            if module is None:
                continue
            inside = dict(module.named_modules())
            kinds = {name: type(inner).__name__ for name, inner in inside.items()}
            for name, parameter in module.named_parameters():
                if id(parameter) in written or len(self._seen) >= _LIMIT:
                    continue
                written.add(id(parameter))
                kind = kinds.get(name.rpartition(".")[0], "")
                record = self._facts_of(parameter, f"{root.name}.{name}", root.name, kind, now)
                record["fixed_model"] = module in self._fixed
                record["own"] = _is_own(inside, name)
                record["place"] = locate.assignment(module, name) or root.place
                self._seen[record["name"]] = record
        for leaf, tensor in self._unregistered():
            if id(tensor) not in written and len(self._seen) < _LIMIT:
                record = self._facts_of(tensor, leaf.name, "", "unregistered", now)
                record["place"] = leaf.place
                self._seen[leaf.name] = record

    def _facts_of(
        self, parameter: Tensor, name: str, model: str, kind: str, now: dict[Tensor, float]
    ) -> Parameter:
        known = parameter in now and parameter in self._first
        moved = now[parameter] != self._first[parameter] if known else None
        return {
            "name": name,
            "model": model,
            "kind": kind,
            "numel": parameter.numel(),
            "trainable": parameter.requires_grad,
            "reached": parameter in self._reached or parameter.grad is not None,
            "optimized": parameter in self._optimized,
            "changed": moved,
            "fixed_model": False,
            "own": True,
            "place": None,
        }


def _is_own(inside: dict[str, nn.Module], parameter: str) -> bool:
    """Whether the module around a parameter's layer is the person's, past torch's own containers."""
    path = parameter.rpartition(".")[0].rpartition(".")[0]
    while True:
        kind = type(inside.get(path))
        if not kind.__module__.startswith("torch."):
            return locate.is_own(kind)
        if not path:
            return True
        path = path.rpartition(".")[0]
