"""The recipe for these data: every value from what is known of them, with the reason."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import torch

from unstuck.errors import UsageError
from unstuck.fit import device
from unstuck.fit.alternatives import alternatives
from unstuck.fit.encoders import Shape
from unstuck.fit.models import FOR_IMAGES, backbone
from unstuck.fit.recipe import HAND, Recipe, by_hand
from unstuck.fit.task import Task

UPDATES = 2000
"""Steps that a small data set is trained for at most; early stopping ends most trainings sooner."""

STEADY = 16
"""Examples in a batch below which its statistics are noise: questions/q20, Wu & He 2018."""

BUSY = 32
"""Channels of the first stage from which on a net of images keeps a GPU busy with arithmetic: of narrower
ones it starts kernels most of the time."""

FEW = 2000
"""Images below which scratch, frozen and fine-tuned are all tried: each is soon trained, and any may win."""


SCARCE, MANY = 1000, 50_000
"""Rows of a table: below the first every row is missed that a net is not trained on; from the second
on a single net is enough, and soon takes long."""

MEMBERS = {"scarce": 8, "several": 5, "of small images": 3}
"""Nets that share the work: the more, the fewer rows each of them is not trained on."""

SOON = 200_000
"""Pixels of all training images together that a small net passes through in a quarter of a second."""


@dataclass(frozen=True)
class Known:
    """What is known of the data before anything is trained: ``rows`` are all but those to judge by."""

    rows: int
    shape: Shape
    task: Task


def recipe_for(known: Known, seed: int, hand: Mapping[str, Any] | None = None) -> Recipe:
    """All but the learning rate, which is measured; what follows from a value set by hand follows it."""
    reasons = {
        "seed": "of the split, the start, the order and what is drawn",
        "pieces": "numbers enter as they are",
    }
    recipe = Recipe().because(reasons, seed=seed)
    recipe = by_hand(recipe, hand or {})
    for chosen in (
        _batches, _model, _members, _images, _transfer, _loss, _length, _optimizer, _precision,
        _alternatives,
    ):  # fmt: skip
        recipe = by_hand(chosen(recipe, known), hand or {})
    return recipe


def _model(recipe: Recipe, known: Known) -> Recipe:
    named = recipe.model if recipe.reasons.get("model") == HAND else ""
    if known.shape.image is not None and named in ("", *FOR_IMAGES):
        return _net_of_images(recipe, known)
    dropout = 0.3 if known.rows < SCARCE else 0.1 if known.rows < 20_000 else 0.0
    width = 64 if known.rows < 1000 else 128 if known.rows < 20_000 else 256
    return recipe.because(
        {
            "model": "a table: fully connected layers with ReLU; without it layers collapse to one (q05)",
            "width": f"for {known.rows} training rows",
            "depth": "two hidden layers; more seldom pay on tables",
            "normalisation": "layer statistics do not depend on the batch (q20)",
            "dropout": f"{known.rows} rows are soon learned by heart (q06)"
            if dropout
            else "many rows: overfitting is not expected (q06)",
        },
        model="mlp",
        width=width,
        depth=2,
        normalisation="layer",
        dropout=dropout,
    )


def _members(recipe: Recipe, known: Known) -> Recipe:
    if recipe.model not in ("mlp", "linear"):
        if recipe.members > 1 and recipe.backbone:
            raise UsageError("a backbone is trained alone", "members = 1")
        if recipe.model == "cnn" and known.rows * prod(known.shape.image or ()) < SOON:
            why = "small images are soon learned: each net is chosen by other rows (q06)"
            return recipe.because({"members": why}, members=MEMBERS["of small images"])
        return recipe.because({"members": "nets of this kind take long: one"})
    if known.rows >= MANY:
        why = f"{known.rows} rows teach one net what several would learn"
        return recipe.because({"members": why})
    why = (
        "each is trained on other rows and chosen by the rest; their mean answer is steadier (q06)"
    )
    members = MEMBERS["scarce" if known.rows < SCARCE else "several"]
    return recipe.because({"members": why}, members=members)


def _alternatives(recipe: Recipe, known: Known) -> Recipe:
    tried = alternatives(recipe, known.rows, known.shape)
    reasons = {
        name: f"{recipe.reasons.get(name, '')}; {value} if that is measured better in training"
        for each in tried
        for name, value in each.values.items()
    }
    return recipe.because(reasons)


def _net_of_images(recipe: Recipe, known: Known) -> Recipe:
    if recipe.backbone:
        values = backbone.values(recipe.backbone)
        return recipe.because(dict.fromkeys(values, "as the backbone is"), **values)
    small = recipe.batch_size < STEADY
    return recipe.because(
        {
            "model": "images: convolutions share what they learn over all places (q18)",
            "width": f"channels of the first stage, for {known.rows} training images",
            "depth": "residual blocks in each of the stages (q05)",
            "normalisation": "batches this small have no steady statistics (q20)"
            if small
            else "batch statistics over images and places are steady (q20)",
            "dropout": "moved images keep a net from learning them by heart (q06)",
        },
        model="cnn",
        width=16 if known.rows < 5000 else 32 if known.rows < 50_000 else 64,
        depth=1 if known.rows < 20_000 else 2,
        normalisation="group" if small else "batch",
    )


def _images(recipe: Recipe, known: Known) -> Recipe:
    if known.shape.image is None:
        return recipe
    _, height, width = known.shape.image
    size = f"{width} x {height} pixels: "
    if recipe.backbone:
        why = size + "what the backbone was trained with"
    else:
        why = size + "the median of the training images, the longer side at most 64"
    augment, reason = _augmentation(recipe, known)
    return recipe.because(
        {"image_size": why, "augment": reason}, image_size=max(height, width), augment=augment
    )


def _augmentation(recipe: Recipe, known: Known) -> tuple[str, str]:
    assert known.shape.image is not None
    channels = known.shape.image[0]
    if recipe.model not in FOR_IMAGES:
        return "none", "only nets of convolutions stand it"
    if not known.task.is_classification:
        return "none", "a quantity may depend on where things are"
    names = [str(name).lower() for name in known.task.names]
    sided = any(side in name for name in names for side in ("left", "right", "clock"))
    if sided:
        return (
            "shift",
            "moved by an eighth in training (q18); not mirrored: a class has left or right in its name",
        )
    if channels == 1 or all(len(name) == 1 for name in names):
        return (
            "shift",
            "moved by an eighth in training (q18); not mirrored: signs would become others",
        )
    return (
        "shift and flip",
        "moved by an eighth and mirrored in training (q18): colours speak for photographs",
    )


def _transfer(recipe: Recipe, known: Known) -> Recipe:
    if not recipe.backbone:
        wants = recipe.transfer if recipe.transfer != "scratch" else recipe.model
        if wants in ("measured", "frozen", "fine-tuned", "backbone"):
            raise UsageError(f"{wants} needs a backbone's name", 'backbone = "resnet18"')
        return recipe.because({"transfer": "no backbone was named"})
    if known.shape.image is None:
        raise UsageError("a backbone is for images", "leave it out")
    if known.rows >= FEW:
        return recipe.because(
            {"transfer": f"{known.rows} images are enough to change a backbone a little (q17)"},
            transfer="fine-tuned",
        )
    return recipe.because(
        {"transfer": f"only {known.rows} images: all three ways are tried (q16, q17)"},
        transfer="measured",
    )


def _loss(recipe: Recipe, known: Known) -> Recipe:
    losses = {
        "regression": ("squared error", "quantities, standardised"),
        "multi-class": ("cross-entropy", "one of several classes: softmax and its log loss (q15)"),
        "binary": (
            "binary cross-entropy",
            "one of two classes: a logit straight into its loss (q13)",
        ),
        "multi-label": ("binary cross-entropy", "each label is a question of its own (q15)"),
    }
    loss, why = losses[known.task.kind]
    if recipe.class_weights and known.task.kind not in ("binary", "multi-class"):
        raise UsageError(
            f"a {known.task.kind} task has no classes to weigh", "class_weights = false"
        )
    reasons = {"loss": why}
    if known.task.is_classification:
        reasons |= {
            "threshold": "chosen on held-out rows; weights would spoil the probabilities (q21)",
            "class_weights": "they would spoil the probabilities (q21)",
        }
    return recipe.because(reasons, loss=loss)


def _batches(recipe: Recipe, known: Known) -> Recipe:
    size = min(512, max(16, 2 ** round(math.log2(max(1, known.rows / 40)))))
    if known.rows % size == 1:
        size += 1  # a last batch of one has no deviation
    return recipe.because(
        {"batch_size": f"some 40 updates an epoch of {known.rows} rows, at most 512 at once (q08)"},
        batch_size=size,
    )


def _length(recipe: Recipe, known: Known) -> Recipe:
    steps = math.ceil(known.rows / recipe.batch_size)
    epochs = min(200, max(10, round(UPDATES / steps)))
    return recipe.because(
        {
            "epochs": f"about {UPDATES} updates at most",
            "patience": "stop when the held-out loss got no better so long; the best weights come back (q06)",
            "warm_up": "share of the steps in which the rate rises: the start is the steepest (q09)",
        },
        epochs=epochs,
        patience=max(5, epochs // 4),
    )


def _optimizer(recipe: Recipe, known: Known) -> Recipe:
    return recipe.because(
        {
            "optimizer": "Adam with decoupled weight decay: bears a rate that is off by some factors (q10)",
            "weight_decay": "of matrices; not of biases and norms",
            "clip_norm": "the usual gradient is smaller: only outliers are cut (q22)",
        },
        optimizer="adamw",
        weight_decay=0.01,
    )


def _precision(recipe: Recipe, known: Known) -> Recipe:
    """Half the bits where there is so much arithmetic that the GPU is what one waits for."""
    large = recipe.model in FOR_IMAGES and (bool(recipe.backbone) or recipe.width >= BUSY)
    if not torch.cuda.is_available():
        why = "a CPU is no faster with fewer bits"
    elif not device.has_bfloat16():
        why = "this GPU computes no bfloat16"
    elif not large:
        why = "so small a net does not keep a GPU busy: fewer bits gain nothing"
    else:
        why = "convolutions are faster in half the bits; weights and losses stay in float32"
        return recipe.because({"precision": why}, precision="bfloat16")
    return recipe.because({"precision": why}, precision="float32")
