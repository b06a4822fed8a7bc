"""From data to a trained model, read like one page: examples, task, split, recipe, training, judgement."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from unstuck.fit import metrics, models, thresholds
from unstuck.fit.batches import Encoded, loader_of
from unstuck.fit.choose import Known, recipe_for
from unstuck.fit.encoders import Encoder, encoder_of
from unstuck.fit.examples import Examples
from unstuck.fit.fitted import Fitted
from unstuck.fit.loop import LOSSES, Loop, Progress, optimizer_of
from unstuck.fit.recipe import Recipe, by_hand
from unstuck.fit.split import Split, split, strata_of
from unstuck.fit.task import Kind, Task, task_of

Say = Callable[[str], None]


@dataclass(frozen=True)
class Prepared:
    """All that is settled before anything is trained."""

    examples: Examples
    task: Task
    split: Split
    encoder: Encoder
    targets: Tensor
    recipe: Recipe

    encoded: dict[bytes, Encoded] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def part(self, rows: Any) -> Encoded:
        """These rows, with their targets; encoded when they are asked for first."""
        key = rows.tobytes()
        if key not in self.encoded:
            targets = self.targets[rows]
            self.encoded[key] = Encoded(self.examples.inputs, rows, self.encoder, targets)
        return self.encoded[key]


def prepared(
    examples: Examples,
    *,
    kind: Kind | None = None,
    seed: int = 0,
    hand: Mapping[str, Any] | None = None,
) -> Prepared:
    """Find the task, split the rows, fit the encoder, choose the recipe but for its rate.

    Raises:
        BadData: the examples cannot be learned from.
    """
    values = examples.targets
    assert values is not None, "a reader gives targets, or says that there are none"
    task = task_of(values, examples.target_names, kind)
    targets = task.encoded(values)
    strata = strata_of(targets, task.kind)
    parts = split(len(examples), strata, seed)
    encoder = encoder_of(examples.inputs, parts.training)
    rarest = 1.0 if strata is None else float(np.bincount(strata).min() / len(strata))
    known = Known(len(parts.training), encoder.shape, task, rarest)
    recipe = by_hand(recipe_for(known, seed), hand or {})
    return Prepared(examples, task, parts, encoder, targets, recipe)


def measured_rate(ready: Prepared, recipe: Recipe) -> Recipe:
    """The recipe with the learning rate that trains its model best in short trainings."""
    import unstuck

    if recipe.learning_rate:
        return recipe
    training = ready.part(ready.split.training)
    model = _begun(ready, recipe)
    optimizer = optimizer_of(model, replace(recipe, learning_rate=1e-3))
    found = unstuck.find_learning_rate(
        _Spread(model),
        optimizer,
        LOSSES[recipe.loss],
        loader_of(training, recipe.batch_size),
        seed=recipe.seed,
    )
    rate = found.choice or 1e-3
    why = f"the best of {len(found.rates)} in {found.steps} steps of short trainings (q09, q10)"
    return recipe.because(
        {"learning_rate": why if found.choice else "none learned: the usual one"},
        learning_rate=rate,
    )


def trained(
    ready: Prepared, recipe: Recipe, told: Callable[[Progress], None]
) -> tuple[nn.Module, Progress]:
    """The model of the recipe, trained; the weights of its best epoch are in it."""
    loop = Loop(
        _begun(ready, recipe),
        ready.part(ready.split.training),
        ready.part(ready.split.validation),
        recipe,
    )
    loop.run(told)
    return loop.accelerator.unwrap_model(loop.model), loop.progress


def judged(ready: Prepared, recipe: Recipe, model: nn.Module) -> Fitted:
    """The model with its thresholds, from rows to choose by, and its metrics, from rows to judge by."""
    model = model.cpu()
    fitted = Fitted(model, recipe, ready.task, ready.encoder)
    fitted = replace(fitted, thresholds=_thresholds(ready, fitted))
    return replace(fitted, metrics=_metrics(ready, fitted))


def _begun(ready: Prepared, recipe: Recipe) -> nn.Module:
    """The model at its start, its output at the prior of the training rows (q02)."""
    model = models.built(recipe, ready.encoder.shape, ready.task)
    targets = ready.targets[ready.split.training]
    if ready.task.kind == "multi-class":
        shares = torch.bincount(targets, minlength=ready.task.outputs) / len(targets)
        models.start_at(model, shares.clamp_min(1e-6).log())
    elif ready.task.is_classification:
        models.start_at(model, torch.logit(targets.mean(0), eps=1e-6))
    return model


class _Spread(nn.Module):
    """A model that is called with all its inputs in one tuple."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: Tensor) -> Tensor:
        outputs: Tensor = self.model(*inputs)
        return outputs


def _thresholds(ready: Prepared, fitted: Fitted) -> tuple[float, ...]:
    task, rows = ready.task, ready.split.validation
    if not task.is_classification:
        return ()
    even = {
        "binary": (0.5,),
        "multi-class": (1.0,) * task.outputs,
        "multi-label": (0.5,) * task.outputs,
    }
    imbalanced = task.kind == "multi-label" or metrics.is_imbalanced(_shares(ready))
    if fitted.recipe.threshold == "half" or not imbalanced:
        return even[task.kind]
    found, targets = _probabilities(ready, fitted, rows), ready.targets[rows]
    if task.kind == "binary":
        return thresholds.of_binary(found, targets[:, 0].long())
    if task.kind == "multi-class":
        return thresholds.of_classes(found, targets)
    return thresholds.of_labels(found, targets)


def _probabilities(ready: Prepared, fitted: Fitted, rows: Any) -> Tensor:
    return ready.task.probabilities(_outputs(ready, fitted, rows))


def _outputs(ready: Prepared, fitted: Fitted, rows: Any) -> Tensor:
    fitted.model.eval()
    with torch.no_grad():
        return torch.cat([fitted.model(*inputs) for inputs, _ in loader_of(ready.part(rows), 1024)])


def _metrics(ready: Prepared, fitted: Fitted) -> dict[str, float]:
    task, rows = ready.task, ready.split.test
    if task.kind == "regression":
        truth = task.quantities(ready.targets[rows])
        return metrics.regression(task.quantities(_outputs(ready, fitted, rows)), truth)
    found, targets = _probabilities(ready, fitted, rows), ready.targets[rows]
    chosen = fitted.chosen(found)
    if task.kind == "multi-label":
        return metrics.labelling(found, chosen, targets)
    classes = targets[:, 0].long() if task.kind == "binary" else targets
    return metrics.classification(found, chosen, classes)


def _shares(ready: Prepared) -> Any:
    strata = strata_of(ready.targets, ready.task.kind)
    return None if strata is None else np.bincount(strata) / len(strata)


def fit(
    examples: Examples,
    *,
    kind: Kind | None = None,
    seed: int = 0,
    hand: Mapping[str, Any] | None = None,
    say: Say = lambda text: None,
    told: Callable[[Progress], None] = lambda progress: None,
) -> Fitted:
    """Train a linear baseline and the recipe's net; the net is returned, with both judged."""
    begun = time.perf_counter()
    ready = prepared(examples, kind=kind, seed=seed, hand=hand)
    say(f"{examples.source}: {len(examples)} examples, {ready.split.said()}")
    say(f"task: {ready.task.said()}")
    linear = _fitted(ready, _baseline(ready.recipe), lambda _: None)
    first = metrics.headline(ready.task, _shares(ready))
    say(f"a linear model: {metrics.said(linear.metrics, first)}")
    net = _fitted(ready, ready.recipe, told)
    say(f"the net: {metrics.said(net.metrics, first)}")
    about = {
        "linear": dict(linear.metrics),
        "headline": first,
        "seconds": time.perf_counter() - begun,
    }
    return replace(net, about=about)


def _fitted(ready: Prepared, recipe: Recipe, told: Callable[[Progress], None]) -> Fitted:
    recipe = measured_rate(ready, recipe)
    model, _ = trained(ready, recipe, told)
    return judged(ready, recipe, model)


def _baseline(recipe: Recipe) -> Recipe:
    return recipe.because(
        {"model": "the baseline: what a net must beat to be worth it (q14)"},
        model="linear", dropout=0.0, normalisation="none", learning_rate=0.0,
    )  # fmt: skip
