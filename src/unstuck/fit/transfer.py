"""Begin with a backbone: its features as they are (frozen), trained on (fine-tuned), or none of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from unstuck.fit import models
from unstuck.fit.candidates import held_out_losses, simplest
from unstuck.fit.encoders import numbers
from unstuck.fit.examples import Arrays, every
from unstuck.fit.fitting import How, Prepared, Trained, prepared, trained
from unstuck.fit.models._headed import Headed

AT_ONCE = 256
"""Images whose features are made together, at most."""


@dataclass(frozen=True)
class Way:
    """A model that was trained in one of the ways, and its loss on each held-out row."""

    ready: Prepared
    trained: Trained
    losses: Tensor


def transferred(ready: Prepared, hand: Mapping[str, Any], how: How) -> Way:
    """Trained as the recipe says; where it shall be measured, in all three ways, of which one is kept.

    Each way is a training of its own name, from which ``--resume`` goes on.
    """
    if ready.recipe.transfer == "scratch":
        return scratch(ready, hand, how)
    found = {"frozen": frozen(ready, how)}
    if ready.recipe.transfer == "frozen":
        return found["frozen"]
    found["fine-tuned"] = fine_tuned(ready, found["frozen"], how)
    if ready.recipe.transfer == "fine-tuned":
        return found["fine-tuned"]
    found["scratch"] = scratch(ready, hand, how)
    name = simplest({name: way.losses for name, way in found.items()})
    losses = ", ".join(f"{each} {float(way.losses.mean()):.3f}" for each, way in found.items())
    why = f"held-out loss after at most {ready.recipe.epochs} epochs each: {losses} (q16, q17)"
    way = found[name]
    recipe = way.trained.recipe.because({"transfer": why})
    return replace(way, trained=replace(way.trained, recipe=recipe))


WAYS = {
    "scratch": ("scratch",),
    "frozen": ("frozen",),
    "fine-tuned": ("frozen", "fine-tuned"),
    "measured": ("frozen", "fine-tuned", "scratch"),
}
"""Which trainings a way of transfer takes, in their order."""


def frozen(ready: Prepared, how: How) -> Way:
    """A linear head on the backbone's features, which are made once."""
    recipe = ready.recipe.because(
        {"augment": "features are made once"}, transfer="frozen", augment="none", dropout=0.0
    )
    model = models.begun(recipe, ready.encoder.shape, ready.task)
    features = _featured(ready, model)
    linear = recipe.because(model="linear", precision="float32")
    head = trained(features, linear, replace(how, name="frozen"))
    _fold(features.encoder, head.model, model.head)
    recipe = recipe.because(
        {"learning_rate": head.recipe.reasons.get("learning_rate", "")},
        learning_rate=head.recipe.learning_rate,
    )
    return _way(ready, replace(head, recipe=recipe, model=model))


def fine_tuned(ready: Prepared, first: Way, how: How) -> Way:
    """All of it, after the head; the backbone at a tenth of the rate (Kumar et al. 2022, q17)."""
    recipe = ready.recipe.because(transfer="fine-tuned")
    model = models.begun(recipe, ready.encoder.shape, ready.task)
    model.load_state_dict(first.trained.model.state_dict())
    way = _way(ready, trained(ready, recipe, replace(how, name="fine-tuned"), model))
    if way.losses.mean() <= first.losses.mean():
        return way
    why = "fine-tuning made the held-out loss no lower: the backbone stays as it was (q17)"
    kept = first.trained.recipe.because({"transfer": why})
    return replace(first, trained=replace(first.trained, recipe=kept))


def scratch(ready: Prepared, hand: Mapping[str, Any], how: How) -> Way:
    """The net that would have been chosen without a backbone."""
    without = {k: v for k, v in hand.items() if k not in ("backbone", "weights", "transfer")}
    again = prepared(ready.source, kind=ready.task.kind, seed=ready.recipe.seed, hand=without)
    return _way(again, trained(again, again.recipe, replace(how, name="scratch")))


def _featured(ready: Prepared, model: Headed) -> Prepared:
    """The same rows, as features in place of images."""
    model.eval()
    rows, inputs = every(ready.examples.inputs), ready.examples.inputs
    count = ready.encoder.shape.at_once(AT_ONCE)
    with torch.no_grad():
        parts = [
            model.body(*ready.encoder.encoded(inputs, part))
            for part in np.array_split(rows, -(-len(rows) // count))
        ]
    found = Arrays(torch.cat(parts).numpy())
    encoder = numbers.fitted(found, ready.split.rest)
    return replace(ready, examples=replace(ready.examples, inputs=found), encoder=encoder)


def _fold(encoder: Any, linear: Any, head: nn.Linear) -> None:
    """What the linear model does with standardised features, as a head does it with bare ones."""
    trained_head = linear.head
    center, scale = (torch.tensor(each) for each in (encoder.center, encoder.scale))
    with torch.no_grad():
        weight = trained_head.weight.cpu() / scale
        head.weight.copy_(weight)
        head.bias.copy_(trained_head.bias.cpu() - weight @ center)


def _way(ready: Prepared, made: Trained) -> Way:
    return Way(ready, made, held_out_losses(ready, made))
