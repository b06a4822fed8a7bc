"""What the losses of the training compare the predictions with."""

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from unstuck.observe import graph, locate
from unstuck.observe.differences import Output, difference
from unstuck.observe.session import LossCallEvent, Missing, Root, Session, is_plain
from unstuck.observe.tally import Tally
from unstuck.records.finding import Place
from unstuck.records.targets import Target

_SITES, _CALLS, _OUTPUT = 64, 4096, 2**18


@dataclass
class _Site:
    function: str
    place: Place | None
    step: int
    shape: list[int]
    prediction_shape: list[int]
    tally: Tally
    calls: int = 0
    weighted: bool = False
    made: bool = False
    chain: list[str] = field(default_factory=list)


class Targets:
    """Counts classes and adds up moments at each watched call; keeps no target."""

    family = "targets"
    session: Session

    def __init__(self) -> None:
        self._sites: dict[tuple[Any, ...], _Site] = {}
        self._output: Output | None = None
        self._wrapped = False

    def loss_called(self, event: LossCallEvent) -> None:
        """The targets of one call of a loss function."""
        if not event.training:
            return
        self._wrapped = True
        key = (*event.place_key, event.function)
        site = self._site(key, event.function, event.place, event.prediction, event.target)
        if site is None or site.calls > _CALLS:
            return
        site.weighted |= any(event.options.get(k) is not None for k in ("weight", "pos_weight"))
        self._add(site, event.prediction, event.target, event.options.get("ignore_index", -100))

    def forwarded(
        self,
        root: Root,
        module: nn.Module,
        arguments: Any,
        keywords: dict[str, Any],
        output: Any,
        grad: bool,
    ) -> None:
        """The newest output is copied until the backward pass, for losses written by hand."""
        self._output = None
        self._wrapped = False
        if not (grad and self.session.looking and is_plain(output) and output.requires_grad):
            return
        if 0 < output.numel() <= _OUTPUT:
            self._output = Output(output.detach().clone(), graph.chain(output)[0])

    def backward(self, tensors: list[Tensor], adds: bool) -> None:
        """The targets of a difference written by hand, if no loss function was called."""
        output, self._output = self._output, None
        if self._wrapped or not adds or not self.session.looking or output is None:
            return
        found = difference([t for t in tensors if is_plain(t)], output)
        if found is not None:
            place = locate.place_of(locate.person_frame(3))
            key = (place and place["file"], place and place["line"], found.function)
            site = self._site(key, found.function, place, output.values, found.targets)
            if site is not None:
                site.chain = output.chain
                self._add(site, output.values, found.targets, -100)

    def _site(
        self, key: Any, function: str, place: Place | None, prediction: Tensor, target: Tensor
    ) -> _Site | None:
        if key not in self._sites:
            if len(self._sites) >= _SITES:
                return None
            self._sites[key] = _Site(
                function,
                place,
                self.session.step,
                list(target.shape),
                list(prediction.shape),
                Tally(function),
            )
        return self._sites[key]

    def _add(self, site: _Site, prediction: Tensor, target: Tensor, ignored: Any) -> None:
        site.calls += 1
        site.made = site.made or target.requires_grad
        if self.session.looking and not site.chain:
            site.chain, _ = graph.chain(prediction)
        site.tally.add(self.session.step, prediction.detach(), target.detach(), int(ignored))

    def facts(self) -> list[Target] | Missing:
        """The lines, in the order they were first called."""
        made = [(site, site.tally.read()) for site in self._sites.values()]
        if not made:
            return Missing("no targets were seen: the loss is hidden, or written by hand")
        return [
            {
                "function": site.function,
                "place": site.place,
                "calls": site.calls,
                "first_step": site.step,
                "shape": site.shape,
                "prediction_shape": site.prediction_shape,
                "weighted": site.weighted,
                "made": site.made,
                "chain": site.chain,
                **read,  # type: ignore[typeddict-item]
            }
            for site, read in made
            if read is not None
        ]
