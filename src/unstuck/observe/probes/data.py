"""How much data there is and how it comes: batch, samples, updates per epoch, accumulation."""

from typing import Any

from torch import Tensor, nn

from unstuck.observe import locate
from unstuck.observe.passes import Forward
from unstuck.observe.session import LossCallEvent, Root, Session, is_plain
from unstuck.records.data import Data as Family
from unstuck.records.data import Loader


class Data:
    """Counts; reads lengths that the loaders tell, never a sample."""

    family = "data"
    session: Session

    def __init__(self) -> None:
        self._batches: dict[int, int] = {}
        self._loaders: dict[int, Loader] = {}
        self._pointers: set[tuple[int, int]] = set()
        self._sums: set[float] = set()
        self._started: dict[int, int] = {}

    def forward(self, root: Root, module: nn.Module, arguments: Any, grad: bool) -> None:
        """The size of the first tensor given to a model in training."""
        if grad:
            tensor = next((a for a in arguments if is_plain(a) and a.dim()), None)
            if tensor is not None:
                self._count(tensor)

    def forwarded(
        self,
        root: Root,
        module: nn.Module,
        arguments: Any,
        keywords: dict[str, Any],
        output: Any,
        grad: bool,
    ) -> None:
        """The same for a model that is given its data by keyword."""
        if grad and not any(is_plain(a) and a.dim() for a in arguments):
            self.forward(root, module, tuple(keywords.values()), grad)

    def loss_called(self, event: LossCallEvent) -> None:
        """Without a model, the size of what the loss is given."""
        if event.training and not self.session.roots and event.prediction.dim():
            self._count(event.prediction)

    def _count(self, tensor: Tensor) -> None:
        self._batches[tensor.shape[0]] = self._batches.get(tensor.shape[0], 0) + 1
        if len(self._pointers) < 1000:
            self._pointers.add((tensor.data_ptr(), tensor.shape[0]))
        if self.session.looking and tensor.numel():  # a buffer that is filled again is no data set
            self.session.numbers.read(tensor.detach().double().sum(), self._sums.add)

    def loader_started(self, loader: Any) -> None:
        """An iteration over a loader begins."""
        key = id(loader)
        if key not in self._loaders and len(self._loaders) < 64:
            self._loaders[key] = {
                "place": locate.place_of(locate.person_frame(3)),
                "samples": _length(loader.dataset),
                "batch": loader.batch_size,
                "batches": _length(loader),
                "workers": int(loader.num_workers),
                "sampler": type(getattr(loader, "sampler", None)).__name__,
                "epochs": 0,
                "first_step": self.session.step,
                "trains": False,
                "last_batch": _last_batch(loader),
                "drop_last": bool(loader.drop_last),
                "completed": 0,
            }
        if key in self._loaders:
            self._loaders[key]["epochs"] += 1
            if self._started.get(key, self.session.updates) < self.session.updates:
                self._loaders[key]["completed"] += 1
            self._started[key] = self.session.updates

    def passed(self, forward: Forward) -> None:
        """Which loaders give the batches of training."""
        if forward.trained and forward.first_of_loader and forward.loader in self._loaders:
            self._loaders[forward.loader]["trains"] = True

    def facts(self) -> Family:
        """The counts."""
        steps = max(1, self.session.steps)
        common = max(self._batches, key=lambda size: self._batches[size], default=None)
        whole = len(self._pointers) == 1 and len(self._sums) == 1 and steps > 2
        loader = next((e for e in self._loaders.values() if e["batch"] == common), None)
        return {
            "batch": common,
            "samples": loader["samples"] if loader else (common if whole else None),
            "updates_per_epoch": loader["batches"] if loader else (1 if whole else None),
            "backwards_per_step": self.session.backwards / steps
            if self.session.backwards
            else None,
            "loaders": list(self._loaders.values()),
        }


def _length(sized: Any) -> int | None:
    """Its length; None for streams, which have none."""
    try:
        return len(sized)
    except (TypeError, NotImplementedError):
        return None


def _last_batch(loader: Any) -> int | None:
    """Samples in the last batch of an epoch; None for streams and batches of one's own making."""
    samples, batch = _length(loader.sampler), loader.batch_size
    if not samples or not batch:
        return None
    rest = samples % batch
    return int(rest) if rest and not loader.drop_last else int(batch)
