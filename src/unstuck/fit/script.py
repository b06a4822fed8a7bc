"""The same training as a plain PyTorch script, which a person can own: it needs no unstuck."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unstuck import markup
from unstuck.errors import UsageError
from unstuck.fit.encoders.columns import Table
from unstuck.fit.examples import Columns, Examples, Pictures
from unstuck.fit.fitted import Fitted
from unstuck.fit.readers import arrays, bundled
from unstuck.fit.readers._layout import layout_of
from unstuck.fit.readers._text import MISSING
from unstuck.fit.readers.tables import TEXT
from unstuck.fit.recipe import NAMES
from unstuck.report.harmless import visible

USED = (
    "width", "depth", "dropout", "learning_rate", "momentum", "weight_decay", "warm_up",
    "clip_norm", "batch_size", "epochs", "patience", "seed",
)  # fmt: skip
"""Values of the recipe that the script has as constants."""

OF_NETS = ("width", "depth", "dropout")

LONGEST = 100
"""Columns of a line, so that a reason stands beside its value or above it."""


def refuse_other(examples: Examples, hand: Mapping[str, Any]) -> None:
    """Only tables and rows of numbers, with our own nets, are written as a script yet.

    Raises:
        UsageError: it is something else.
    """
    inputs = examples.inputs
    if isinstance(inputs, Pictures) or (not isinstance(inputs, Columns) and inputs.values.ndim > 2):
        raise UsageError("--as-script is for tables and rows of numbers", "leave it out for images")
    if hand.get("model", "mlp") not in ("mlp", "linear"):
        raise UsageError(f"--as-script is not for {hand['model']}", "--model mlp or linear")


def script_of(fitted: Fitted, data: str) -> str:
    """The text of the script.

    Raises:
        BadData: the data are no longer there.
    """
    recipe, task, encoder = fitted.recipe, fitted.task, fitted.encoder
    table = encoder if isinstance(encoder, Table) else None
    return markup.text_template("fit/script.py.j2", literal).render(
        data=data,
        source=visible(data),
        how=_how(data),
        separator=_separator(data),
        missing=list(MISSING),
        quoted=any('"' in name for name in _names(fitted)),
        inputs=arrays.INPUTS,
        named=arrays.TARGETS,
        targets=list(fitted.about["targets"]),
        features=list(table.features) if table else [],
        dated=any(part for _, part in table.features) if table else False,
        categories=[each.name for each in table.categories] if table else [],
        kind=task.kind,
        task=visible(task.said()),
        labels=task.separator,
        linear=recipe.model == "linear",
        recipe=recipe,
        constants=_constants(fitted),
        loss={
            "cross-entropy": "F.cross_entropy",
            "binary cross-entropy": "F.binary_cross_entropy_with_logits",
            "squared error": "F.mse_loss",
        }[recipe.loss],
        thresholds=list(fitted.thresholds),
        moved=len({*fitted.thresholds} - {0.5, 1.0}) > 0,
        headline=fitted.about["headline"],
        metric=fitted.metrics.get(fitted.about["headline"], 0.0),
    )


def _names(fitted: Fitted) -> list[str]:
    """Of all columns that are read."""
    names = list(fitted.about["targets"])
    if isinstance(fitted.encoder, Table):
        names += [name for name, _ in fitted.encoder.features]
        names += [each.name for each in fitted.encoder.categories]
    return names


def literal(value: Any) -> str:
    """A value as Python text, strings in double quotes; what cannot be seen is escaped."""
    if isinstance(value, str):
        text = repr(value)
        # Python writes single quotes where a text has none itself.
        return f'"{text[1:-1]}"' if text[0] == "'" and '"' not in value else text
    if isinstance(value, list | tuple):
        start, end = ("[", "]") if isinstance(value, list) else ("(", ")")
        return start + ", ".join(map(literal, value)) + end
    return repr(value)


def _how(data: str) -> str:
    if data in bundled.NAMES:
        return "bundled"
    ending = Path(data).suffix.lower()
    if ending in TEXT:
        return "csv"
    return {".npz": "npz", ".npy": "npy", ".parquet": "parquet", ".pq": "parquet"}.get(
        ending, "ipc"
    )


def _separator(data: str) -> str:
    return (
        layout_of(Path(data), TEXT[Path(data).suffix.lower()]).separator
        if _how(data) == "csv"
        else ""
    )


def _constants(fitted: Fitted) -> list[str]:
    """Lines ``LEARNING_RATE = 0.01  # why``."""
    recipe = fitted.recipe
    lines = []
    for name in (each for each in NAMES if each in USED):
        if (recipe.model == "linear" and name in OF_NETS) or _idle(fitted, name):
            continue
        value, why = (
            f"{name.upper()} = {getattr(recipe, name)!r}",
            visible(recipe.reasons.get(name, "")),
        )
        line = f"{value}  # {why}" if why else value
        lines += [line] if len(line) <= LONGEST else [f"# {why[0].upper()}{why[1:]}.", value]
    return lines


def _idle(fitted: Fitted, name: str) -> bool:
    """Whether the value does nothing in this training."""
    recipe = fitted.recipe
    if name == "momentum":
        return recipe.optimizer != "sgd"
    return name in ("dropout", "clip_norm") and not getattr(recipe, name)
