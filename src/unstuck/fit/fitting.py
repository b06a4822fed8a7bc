"""From data to a trained model, read like one page: examples, task, split, recipe, training, judgement."""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from unstuck.fit import encoders, metrics, models
from unstuck.fit.alternatives import Alternative, alternatives
from unstuck.fit.batches import Batches, Encoded, Order
from unstuck.fit.candidates import (
    Candidate,
    choice,
    held_out_losses,
    judged,
    simplest,
    with_or_without_weights,
)
from unstuck.fit.checkpoints import Keeper
from unstuck.fit.choose import Known, recipe_for
from unstuck.fit.device import threads_for
from unstuck.fit.encoders import Encoder, Rows, decoded, encoder_of
from unstuck.fit.examples import Examples, every, shortened
from unstuck.fit.fitted import Fitted
from unstuck.fit.leaks import copies, repeated
from unstuck.fit.live import Live
from unstuck.fit.loop import LOSSES, Loop, Progress, optimizer_of
from unstuck.fit.ranks import is_main
from unstuck.fit.recipe import Recipe
from unstuck.fit.schedule import Schedule
from unstuck.fit.split import Split, folds, held_out, strata_of
from unstuck.fit.task import Kind, Task, task_of
from unstuck.fit.weighing import weights_of
from unstuck.records import Run

Say = Callable[[str], None]

OFTEN = 0.05
"""Share of the rows to judge by; below it equal rows are chance."""


@dataclass(frozen=True)
class Prepared:
    """All that is settled before anything is trained."""

    examples: Examples
    task: Task
    split: Split
    encoder: Encoder
    targets: Tensor
    recipe: Recipe
    source: Examples
    """As they were read; images in ``examples`` are decoded."""
    notes: tuple[str, ...] = ()

    def part(self, rows: Rows) -> Encoded:
        """Rows to train or to choose by, with their targets."""
        return self._rest.part(rows)

    @cached_property
    def _rest(self) -> Encoded:
        rows = self.split.rest
        return Encoded(self.examples.inputs, rows, self.encoder, self.targets[rows])

    @property
    def known(self) -> Known:
        """What the recipe was chosen by."""
        return Known(len(self.split.rest), self.encoder.shape, self.task)

    @property
    def is_imbalanced(self) -> bool:
        """Whether a class is so rare that accuracy hides it."""
        strata = strata_of(self.targets, self.task.kind)
        return strata is not None and metrics.is_imbalanced(np.bincount(strata) / len(strata))

    @property
    def weights(self) -> Tensor:
        """Of the classes, so that they weigh alike."""
        return weights_of(self.task, self.targets[self.split.rest])

    def said(self) -> Iterator[str]:
        """The data and what is to be done with them, a line each."""
        yield f"{self.source.source}: {len(self.source)} examples, {self.split.said()}"
        yield f"task: {self.task.said()}"
        yield from self.notes


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
    task = task_of(values, examples.target_names, kind, examples.place)
    targets = task.encoded(values, examples.place)
    strata = strata_of(targets, task.kind)
    rest, test = held_out(len(examples), strata, seed)
    encoder = encoder_of(examples.inputs, rest, models.pixels(hand or {}))
    quick = replace(examples, inputs=decoded(encoder, examples.inputs))
    recipe = recipe_for(Known(len(rest), encoder.shape, task), seed, hand)
    parts = Split(folds(rest, strata, len(test), recipe.members, seed), test)
    # What cannot begin is said before the work does.
    (models.begun if recipe.backbone else models.net)(recipe, encoder.shape, task)
    notes = (*examples.notes, *encoders.said(encoder), *_warnings(quick, targets, parts, task))
    return Prepared(quick, task, parts, encoder, targets, recipe, examples, notes)


def _warnings(examples: Examples, targets: Tensor, parts: Split, task: Task) -> list[str]:
    """What spoils the judgement: a copy of the target, rows on both sides, a class too rare."""
    strata = strata_of(targets, task.kind)
    of = targets.numpy() if strata is None else strata
    found = [
        f"warning: {name} equals the target: can it be known when you predict? if not, leave it out"
        for name in copies(examples.inputs, of, every(examples.inputs))
    ]
    again, judging = repeated(examples.inputs, parts.rest, parts.test), len(parts.test)
    if again > OFTEN * judging:
        found.append(
            f"warning: {again} of the {judging} rows to judge by are also among those trained on: "
            "the judgement may be too good"
        )
    counts = [] if strata is None else np.bincount(strata).tolist()
    rare = [
        f"{name} ({count})" for name, count in zip(task.names, counts, strict=False) if count < 3
    ]
    if rare:
        found.append(f"warning: too few examples to train, choose and judge by: {shortened(rare)}")
    return found


def measured_rate(ready: Prepared, recipe: Recipe, model: nn.Module | None = None) -> Recipe:
    """The recipe with the learning rate that trains its model, or this one, best in short trainings."""
    import unstuck

    if recipe.learning_rate:
        return recipe
    training = ready.part(ready.split.folds[0].training)
    model = model or _begun(ready, recipe)
    optimizer = optimizer_of(model, replace(recipe, learning_rate=1e-3))
    found = unstuck.find_learning_rate(
        model,
        optimizer,
        LOSSES[recipe.loss],
        # Shuffled: rows often stand sorted by class, and such batches teach a net to forget.
        Batches(training, recipe.batch_size, Order(len(training), recipe.seed)),
        seed=recipe.seed,
    )
    rate = found.choice or 1e-3
    why = f"the best of {len(found.rates)} in {found.steps} steps of short trainings (q09, q10)"
    return recipe.because(
        {"learning_rate": why if found.choice else "none learned: the usual one"},
        learning_rate=rate,
    )


@dataclass(frozen=True)
class How:
    """What goes on beside the training: who is told of it, where it stands, where it is kept.

    In ``folder`` the trainings of one fit are kept, each in a folder of its name, to go on from; in
    ``logs``, as well, is what trackers write.
    """

    say: Say = lambda text: None
    schedule: Schedule = field(default_factory=Schedule)
    folder: Path | None = None
    resume: bool = False
    trackers: tuple[str, ...] = ()
    logs: Path | None = None
    name: str = ""
    """Of this training."""

    def keeper(self) -> Keeper | None:
        """Of the training of this name."""
        if self.folder is None:
            return None
        keeper = Keeper(self.folder / self.name, self.say)
        if not self.resume and is_main():
            keeper.forget()
        return keeper

    def place(self) -> Path | None:
        """Of the logs of the training of this name: those of an earlier one make room."""
        if self.logs is None:
            return None
        place = self.logs / self.name
        if self.trackers and not self.resume and is_main():
            shutil.rmtree(place, ignore_errors=True)
        return place


@dataclass(frozen=True)
class Trained:
    """A model with the weights of its best epoch, how it came to them, and what was seen of it."""

    model: nn.Module
    recipe: Recipe
    progress: Progress
    run: Run | None


def members(
    ready: Prepared, recipe: Recipe, how: How, first: Trained | None = None
) -> tuple[Trained, ...]:
    """A training in each fold; the first, which may be done already, measures the rate of all."""
    first = first or trained(ready, recipe, how)
    others = range(1, len(ready.split.folds))
    return first, *(trained(ready, first.recipe, how, member=number) for number in others)


def trained(
    ready: Prepared, recipe: Recipe, how: How, model: nn.Module | None = None, member: int = 0
) -> Trained:
    """A net of the recipe, or this model, with a measured rate, trained in the fold of this member.

    The first member is watched by our own probes.
    """
    if member:
        how = replace(how, name=f"{how.name}.{member + 1}")
        recipe = replace(recipe, seed=recipe.seed + member)
    how.schedule.begins(how.name)
    model = model or _begun(ready, recipe)
    with threads_for(model, images=ready.encoder.shape.image is not None):
        made = _trained(ready, recipe, how, model, member)
    how.schedule.now(f"{how.name}: judging")
    return made


def _trained(ready: Prepared, recipe: Recipe, how: How, model: nn.Module, member: int) -> Trained:
    keeper, fold = how.keeper(), ready.split.folds[member]
    recipe = measured_rate(ready, keeper.recipe(recipe) if keeper else recipe, model)
    loop = Loop(
        model,
        ready.part(fold.training),
        ready.part(fold.validation),
        recipe,
        ready.weights if recipe.class_weights else None,
        say=how.say,
        trackers=how.trackers,
        logs=how.place(),
    )
    with nullcontext() if member else loop.watching() as seen:
        look = Live(seen, how.name, how.say).look if seen else _blind
        loop.run(
            lambda _: look(),
            keeper,
            lambda loop: how.schedule.stepped(loop.progress, loop.steps_an_epoch),
        )
    return Trained(loop.net, loop.recipe, loop.progress, seen.record if seen else None)


def _blind() -> None:
    pass


def _begun(ready: Prepared, recipe: Recipe) -> nn.Module:
    """The model at its start, its output at the prior of the training rows (q02), as weights make it."""
    model = models.net(recipe, ready.encoder.shape, ready.task)
    if recipe.pieces:
        models.cut(model, ready.part(ready.split.rest))
    if not ready.task.is_classification:
        return model
    targets = ready.targets[ready.split.rest]
    if ready.task.kind == "multi-class":
        shares = torch.bincount(targets, minlength=ready.task.outputs) / len(targets)
        prior = shares.clamp_min(1e-6).log()
    else:
        prior = torch.logit(targets.mean(0), eps=1e-6)
    models.start_at(model, prior + ready.weights.log() if recipe.class_weights else prior)
    return model


def fit(
    examples: Examples,
    *,
    kind: Kind | None = None,
    seed: int = 0,
    hand: Mapping[str, Any] | None = None,
    how: How = How(),
) -> Fitted:
    """Train a linear baseline and the recipe's net, judge both, and keep the one to be used."""
    begun, hand, say = time.perf_counter(), hand or {}, how.say
    ready = prepared(examples, kind=kind, seed=seed, hand=hand)
    first = metrics.headline(ready.task, ready.is_imbalanced)
    for line in ready.said():
        say(line)
    how.schedule.plan(_planned(ready, hand))
    of_linear, of_net = replace(how, name="linear"), replace(how, name="net")
    linear = _candidate(ready, baseline(ready.recipe), of_linear, hand)
    say(f"a linear model: {metrics.said(linear.fitted.metrics, first)}")
    if ready.recipe.model == "linear":
        return _finished(
            ready, linear.fitted, linear, "the linear model is what you asked for", begun
        )
    net = _net(ready, hand, of_net)
    say(f"the net: {metrics.said(net.fitted.metrics, first)}")
    kept, why = choice(linear, net, asked=bool({"model", "backbone"} & set(hand)))
    say(why)
    return _finished(ready, kept.fitted, linear, why, begun)


def chosen_recipe(
    examples: Examples,
    *,
    kind: Kind | None = None,
    seed: int = 0,
    hand: Mapping[str, Any] | None = None,
    say: Say = lambda text: None,
) -> Recipe:
    """The recipe of the net with its measured rate; nothing more is trained."""
    ready = prepared(examples, kind=kind, seed=seed, hand=hand)
    for line in ready.said():
        say(line)
    if ready.recipe.backbone and not ready.recipe.learning_rate:
        return ready.recipe.because({"learning_rate": "0: measured in each of the ways"})
    return measured_rate(ready, ready.recipe)


_OF_NETS = (
    "width",
    "depth",
    "pieces",
    "image_size",
    "augment",
    "transfer",
    "dropout",
    "normalisation",
    "precision",
)
"""Values that say nothing of a linear model."""


def baseline(recipe: Recipe) -> Recipe:
    """The linear model's recipe: what a net must beat to be worth it (q14)."""
    if recipe.model == "linear":
        return recipe
    reasons = dict.fromkeys(_OF_NETS, "") | {"model": "what a net must beat to be worth it (q14)"}
    return recipe.because(
        reasons,
        model="linear", backbone="", transfer="scratch", augment="none",
        pieces=0, dropout=0.0, normalisation="none", learning_rate=0.0, precision="float32",
    )  # fmt: skip


def _planned(ready: Prepared, hand: Mapping[str, Any]) -> Iterator[str]:
    """The names of what will be trained, in this order."""
    weighs = ready.is_imbalanced and "class_weights" not in hand
    others = range(2, ready.recipe.members + 1)

    def of(name: str, *tried: str) -> Iterator[str]:
        for each in (name, f"{name}-weighed")[: 1 + weighs]:
            yield from (each, *tried, *(f"{each}.{number}" for number in others))
            tried = ()

    yield from of("linear")
    if ready.recipe.backbone:
        from unstuck.fit.transfer import WAYS

        yield from WAYS[ready.recipe.transfer]
    elif ready.recipe.model != "linear":
        yield from of("net", *(f"net-{each.name}" for each in _alternatives(ready)))


def _net(ready: Prepared, hand: Mapping[str, Any], how: How) -> Candidate:
    if not ready.recipe.backbone:
        return _candidate(ready, ready.recipe, how, hand, _best(ready, how))
    from unstuck.fit.transfer import transferred

    way = transferred(ready, hand, how)
    return judged(way.ready, (way.trained,))


def _alternatives(ready: Prepared) -> tuple[Alternative, ...]:
    return alternatives(ready.recipe, ready.known.rows, ready.known.shape)


def _best(ready: Prepared, how: How) -> Trained:
    """The first member as its recipe says, or with those alternatives that are clearly better."""
    kept = trained(ready, ready.recipe, how)
    losses = held_out_losses(ready, kept)
    for each in _alternatives(ready):
        rate = ready.recipe.learning_rate
        recipe = kept.recipe.because(learning_rate=rate, **each.values)
        other = trained(ready, recipe, replace(how, name=f"{how.name}-{each.name}"))
        both = {"kept": losses, "other": held_out_losses(ready, other)}
        seen = "{:.3f} without, {:.3f} with".format(*(float(of.mean()) for of in both.values()))
        reasons = dict.fromkeys(each.values, f"held-out loss {seen} {each.said()}")
        if simplest(both) == "other":
            kept, losses = other, both["other"]
        kept = replace(kept, recipe=kept.recipe.because(reasons))
    return kept


def _candidate(
    ready: Prepared,
    recipe: Recipe,
    how: How,
    hand: Mapping[str, Any],
    first: Trained | None = None,
) -> Candidate:
    """Trained and judged; if a class is rare with class weights as well, of which the better is kept."""
    plain = judged(ready, members(ready, recipe, how, first))
    if not ready.is_imbalanced or "class_weights" in hand:
        return plain
    recipe = plain.fitted.recipe.because(class_weights=True)
    weighed = judged(ready, members(ready, recipe, replace(how, name=f"{how.name}-weighed")))
    return with_or_without_weights(ready, plain, weighed)


def _finished(ready: Prepared, kept: Fitted, linear: Candidate, why: str, begun: float) -> Fitted:
    """With what else is known of the training."""
    about = {
        **kept.about,
        "source": ready.source.source,
        "targets": list(ready.source.target_names),
        "examples": len(ready.source),
        "rows": ready.split.counts(),
        "notes": list(ready.notes),
        "headline": metrics.headline(ready.task, ready.is_imbalanced),
        "linear": dict(linear.fitted.metrics),
        "choice": why,
        "seconds": round(time.perf_counter() - begun, 1),
    }
    return replace(kept, about=about)
