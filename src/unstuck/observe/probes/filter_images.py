"""The weights of the first convolution of images, at the first and at the newest look."""

import weakref
from typing import Any

from torch import Tensor, nn

from unstuck.observe import locate
from unstuck.observe.session import Missing, Session
from unstuck.records.filter_images import FilterImageLook
from unstuck.records.filter_images import FilterImages as Record

# More channels are no image; larger and more filters would not be read on a page.
_CHANNELS, _SIZE, _FILTERS = 4, 11, 32


class FilterImages:
    """Reads the weights themselves; no forward pass and no hook."""

    family = "filter_images"
    session: Session

    def __init__(self) -> None:
        self._layer: weakref.ref[nn.Conv2d] | None = None
        self._known: dict[str, Any] = {}
        self._looks: dict[str, FilterImageLook] = {}

    def differentiated(self, adds: bool) -> None:
        """After the first backward pass of a sampled step, before the update."""
        if self._layer is None:
            self._find()
        layer = self._layer() if self._layer is not None else None
        if layer is None or layer.weight.is_meta:
            return
        look: FilterImageLook = {"step": self.session.step, "weights": []}
        if self._looks and self._looks["first"]["step"] == look["step"]:
            return
        kernels = layer.weight.detach()[:_FILTERS].float().mean(1)
        self.session.numbers.read_all(kernels, lambda values: _receive(look, values, kernels))
        self._looks["newest" if self._looks else "first"] = look

    def _find(self) -> None:
        for root in self.session.roots:
            module = root.module if root.trained else None
            for name, layer in module.named_modules() if module is not None else ():
                if not isinstance(layer, nn.Conv2d) or not _is_drawable(layer):
                    continue
                self._layer = weakref.ref(layer)
                self._known = {
                    "name": ".".join(part for part in (root.name, name) if part),
                    "channels": layer.weight.shape[1],
                    "filters": layer.out_channels,
                    "rows": layer.weight.shape[2],
                    "columns": layer.weight.shape[3],
                    "place": locate.assignment(module, f"{name}.weight") or root.place,
                }
                return

    def facts(self) -> Record | Missing | None:
        """The two looks; None for models without such a layer, of which there is nothing to say."""
        looks = [look for look in self._looks.values() if look["weights"]]
        if not looks:
            return None
        made: Any = self._known | {"looks": looks}
        return made  # type: ignore[no-any-return]


def _is_drawable(layer: nn.Conv2d) -> bool:
    rows, columns = layer.weight.shape[2:]
    fits = 1 < rows <= _SIZE and 1 < columns <= _SIZE
    return fits and layer.in_channels <= _CHANNELS and layer.weight.is_floating_point()


def _receive(look: FilterImageLook, values: list[float], kernels: Tensor) -> None:
    """Four digits: a filter is looked at, not computed with."""
    size = kernels[0].numel()
    rounded = [float(f"{value:.4g}") for value in values]
    look["weights"] = [rounded[i : i + size] for i in range(0, len(rounded), size)]
