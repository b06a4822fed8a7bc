"""The recipe for these data: every value from what is known of them, with the reason."""

import math
from dataclasses import dataclass

from unstuck.fit.encoders import Shape
from unstuck.fit.recipe import Recipe
from unstuck.fit.task import Task

UPDATES = 2000
"""Steps that a small data set is trained for at most; early stopping ends most trainings sooner."""


@dataclass(frozen=True)
class Known:
    """What is known of the data before anything is trained."""

    rows: int
    shape: Shape
    task: Task
    rarest: float
    """Share of the rarest class; 1 where there are none."""


def recipe_for(known: Known, seed: int) -> Recipe:
    """All but the learning rate, which is measured."""
    recipe = Recipe().because(
        {"seed": "of the split, the start, the order and what is drawn"}, seed=seed
    )
    for chosen in (_model, _loss, _batches, _length, _optimizer):
        recipe = chosen(recipe, known)
    return recipe


def _model(recipe: Recipe, known: Known) -> Recipe:
    if known.shape.image is not None:
        return recipe.because(
            {
                "model": "images: convolutions share what they learn over all places (q18)",
                "normalisation": "batch statistics over images and places are steady (q20)",
            },
            model="cnn",
            normalisation="batch",
        )
    width = 64 if known.rows < 1000 else 128 if known.rows < 20_000 else 256
    return recipe.because(
        {
            "model": "a table: fully connected layers with ReLU; without it layers collapse to one (q05)",
            "width": f"for {known.rows} training rows",
            "depth": "two hidden layers; more seldom pay on tables",
            "normalisation": "layer statistics do not depend on the batch (q20)",
            "dropout": "a little, as fewer than 20,000 rows are soon learned by heart (q06)"
            if known.rows < 20_000
            else "many rows: overfitting is not expected (q06)",
        },
        model="mlp",
        width=width,
        depth=2,
        normalisation="layer",
        dropout=0.1 if known.rows < 20_000 else 0.0,
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
    reasons = {
        "loss": why,
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
            "precision": "on this device single precision is the fastest that is exact enough",
        },
        optimizer="adamw",
        weight_decay=0.01,
    )
