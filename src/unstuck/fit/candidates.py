"""Models that were trained: judged on held-out rows, and which of them is kept."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor

from unstuck.fit import metrics, reliability, thresholds
from unstuck.fit.batches import Batches
from unstuck.fit.fitted import AT_ONCE, Fitted
from unstuck.fit.loop import LOSSES
from unstuck.fit.models._members import Members
from unstuck.fit.recipe import Recipe
from unstuck.fit.weighing import correction, gain

if TYPE_CHECKING:
    from unstuck.fit.fitting import Prepared, Trained


Name = TypeVar("Name")


@dataclass(frozen=True)
class Candidate:
    """A judged model; its outputs on the rows to choose by, and the loss of each.

    A row's outputs are those of the member that was not trained on it.
    """

    fitted: Fitted
    outputs: Tensor
    losses: Tensor


def judged(ready: "Prepared", made: Sequence["Trained"]) -> Candidate:
    """The mean of the members: its thresholds from rows to choose by, its metrics from rows to judge by."""
    recipe, nets = made[0].recipe, [each.model.cpu() for each in made]
    model = nets[0] if len(nets) == 1 else Members(nets, recipe.loss)
    offset = correction(ready.weights) if recipe.class_weights else ()
    fitted = Fitted(model, recipe, ready.task, ready.encoder, offset=offset, run=made[0].run)
    held, truth = _held_out(ready, made), ready.targets[ready.split.validation]
    held = fitted.corrected(held)
    fitted = replace(fitted, thresholds=_thresholds(ready, fitted, held, truth))
    rows = ready.split.test
    found = fitted.outputs(ready.examples.inputs, rows)
    about = {
        "reliability": _reliability(fitted, found, ready.targets[rows]),
        "epochs": [len(each.progress.history) for each in made],
        "best epochs": [each.progress.best_epoch for each in made],
    }
    if ready.task.kind == "binary":
        about["rarer"] = str(
            ready.task.names[metrics.rarer(ready.task.classes(ready.targets[rows]))]
        )
    fitted = replace(fitted, metrics=fitted.judged(found, ready.targets[rows]), about=about)
    return Candidate(fitted, held, _losses(recipe, held, truth))


def held_out_losses(ready: "Prepared", made: "Trained") -> Tensor:
    """Of each row to choose by in the first fold."""
    rows = ready.split.folds[0].validation
    return _losses(made.recipe, _held_out(ready, [made]), ready.targets[rows])


def _held_out(ready: "Prepared", made: Sequence["Trained"]) -> Tensor:
    """Outputs (rows, outputs) on the rows to choose by, fold by fold: each by the net of its fold."""
    found, count = [], ready.encoder.shape.at_once(AT_ONCE)
    with torch.no_grad():
        for each, fold in zip(made, ready.split.folds, strict=False):
            model = each.model.cpu().eval()
            rows = Batches(ready.part(fold.validation), count)
            found += [model(*inputs) for inputs, _ in rows]
    return torch.cat(found)


def with_or_without_weights(ready: "Prepared", plain: Candidate, weighed: Candidate) -> Candidate:
    """The plain one, unless class weights gain more than chance would on the rows to choose by."""
    better, error = gain(_hits(ready, weighed), _hits(ready, plain), _classes(ready))
    why = (
        f"balanced accuracy {better:+.3f} with them on the rows to choose by, standard error "
        f"{error:.3f}: they must gain more than that; the odds are corrected for them (q21)"
    )
    kept = weighed if better > error else plain
    recipe = kept.fitted.recipe.because({"class_weights": why})
    return replace(kept, fitted=replace(kept.fitted, recipe=recipe))


def choice(linear: Candidate, net: Candidate, *, asked: bool) -> tuple[Candidate, str]:
    """The one whose loss on the rows to choose by is lower, or the net that was asked for.

    Where the net's is lower by less than one standard error, a linear model is enough, and that is
    said; the net is likelier to be the better one all the same, so that it is kept.
    """
    losses = {"linear": linear.losses, "net": net.losses}
    both = ", ".join(f"{name} {float(each.mean()):.3f}" for name, each in losses.items())
    seen = f"loss on the rows to choose by: {both}"
    if simplest(losses) == "net":
        return net, f"the net is worth it ({seen})"
    if net.losses.mean() < linear.losses.mean():
        return (
            net,
            f"a linear model is nearly enough: the net is better by less than one standard error ({seen})",
        )
    if asked:
        return net, f"a linear model is enough; the net is kept, as you asked for it ({seen})"
    kept = f"it is kept (--model {net.fitted.recipe.model} keeps the net)"
    return linear, f"a linear model is enough: {kept} ({seen})"


def simplest(losses: Mapping[Name, Tensor]) -> Name:
    """The first that is at most one standard error worse than the best, row by row.

    Source: Breiman et al. 1984, *Classification and Regression Trees*, section 3.4.3.
    """
    best = min(losses.values(), key=lambda each: float(each.mean()))
    for name, each in losses.items():
        worse = (each - best).double()
        if float(worse.mean()) <= float(worse.std(correction=0)) / math.sqrt(len(worse)):
            return name
    raise AssertionError("the best is no worse than itself")


def _hits(ready: "Prepared", candidate: Candidate) -> Tensor:
    chosen = candidate.fitted.chosen(ready.task.probabilities(candidate.outputs))
    return chosen == _classes(ready)


def _classes(ready: "Prepared") -> Tensor:
    return ready.task.classes(ready.targets[ready.split.validation])


def _thresholds(
    ready: "Prepared", fitted: Fitted, outputs: Tensor, targets: Tensor
) -> tuple[float, ...]:
    task = ready.task
    if not task.is_classification:
        return ()
    imbalanced = task.kind == "multi-label" or ready.is_imbalanced
    if fitted.recipe.threshold == "half" or not imbalanced:
        return thresholds.even(task)
    return thresholds.moved(task, task.probabilities(outputs), targets)


def _losses(recipe: Recipe, outputs: Tensor, targets: Tensor) -> Tensor:
    """Of each row."""
    each = LOSSES[recipe.loss](outputs, targets, reduction="none")
    return each.reshape(len(targets), -1).mean(1)


def _reliability(fitted: Fitted, outputs: Tensor, targets: Tensor) -> list[dict[str, Any]]:
    """Groups of rows by what was given to the rarer class, the label, or the class that was likeliest."""
    task = fitted.task
    if not task.is_classification:
        return []
    found = task.probabilities(outputs)
    if task.kind == "multi-class":
        surest, likeliest = found.max(1)
        return reliability.plain(reliability.groups_of(surest, likeliest == targets))
    if task.kind == "binary":
        classes = task.classes(targets)
        number = metrics.rarer(classes)
        return reliability.plain(reliability.groups_of(found[:, number], classes == number))
    return reliability.plain(reliability.groups_of(found.flatten(), targets.flatten()))
