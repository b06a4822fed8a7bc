"""The same training as a plain PyTorch script, which a person can own: it needs no unstuck."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unstuck import markup
from unstuck.errors import UsageError
from unstuck.fit import labels as labels_of
from unstuck.fit.encoders.columns import Table
from unstuck.fit.encoders.images import Images
from unstuck.fit.examples import Columns, Examples, Pictures
from unstuck.fit.fitted import Fitted
from unstuck.fit.models import cnn
from unstuck.fit.pictures import DEEP, headers
from unstuck.fit.readers import Wish, arrays, bundled
from unstuck.fit.readers._layout import layout_of
from unstuck.fit.readers._text import MISSING, are_truths, form_of, known_of
from unstuck.fit.readers.images import TABLE
from unstuck.fit.readers.images import read as read_folder
from unstuck.fit.readers.tables import TEXT, texts
from unstuck.fit.recipe import NAMES
from unstuck.report.harmless import visible

USED = (
    "width", "depth", "pieces", "members", "dropout", "learning_rate", "momentum", "weight_decay", "warm_up",
    "clip_norm", "batch_size", "epochs", "patience", "seed",
)  # fmt: skip
"""Values of the recipe that the script has as constants."""

OF_NETS = ("width", "depth", "pieces", "dropout")

LONGEST = 100
"""Columns of a line, so that a reason stands beside its value or above it."""


def refuse_other(examples: Examples, hand: Mapping[str, Any]) -> None:
    """Only our own nets are written as a script.

    Raises:
        UsageError: it is something else.
    """
    inputs = examples.inputs
    pictured = isinstance(inputs, Pictures) or (
        not isinstance(inputs, Columns) and inputs.values.ndim > 2
    )
    known = ("cnn", "mlp", "linear") if pictured else ("mlp", "linear")
    if hand.get("backbone"):
        raise UsageError(
            f"--as-script is not for the backbone {hand['backbone']}", "leave one of them out"
        )
    if hand.get("model", known[0]) not in known:
        raise UsageError(
            f"--as-script is not for {hand['model']}", f"--model {', '.join(known[:-1])} or linear"
        )


def script_of(fitted: Fitted, data: str, labels: Path | None = None) -> str:
    """The text of the script; ``labels`` is the file that the person named beside the data.

    Raises:
        BadData: the data are no longer there.
    """
    recipe, task = fitted.recipe, fitted.task
    pictured = isinstance(fitted.encoder, Images)
    of_data = _of_images(fitted, data, labels) if pictured else _of_table(fitted, data, labels)
    return markup.text_template("fit/scripts/train.py.j2", literal).render(
        data=data,
        source=visible(data),
        pictured=pictured,
        targets=list(fitted.about["targets"]),
        kind=task.kind,
        task=visible(task.said()),
        labels=task.separator,
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
        **of_data,
    )


def _of_table(fitted: Fitted, data: str, labels: Path | None) -> dict[str, Any]:
    """What the parts of tables and rows of numbers need."""
    table = fitted.encoder if isinstance(fitted.encoder, Table) else None
    return {
        "how": _how(data),
        "labels_file": str(labels),
        "separator": _separator(data),
        "missing": list(MISSING),
        "quoted": any('"' in name for name in _names(fitted)),
        "inputs": arrays.INPUTS,
        "named": arrays.TARGETS,
        "features": list(table.features) if table else [],
        "dated": any(part for _, part in table.features) if table else False,
        "categories": [each.name for each in table.categories] if table else [],
        "collections": False,
        "augmented": False,
        "given": "numbers",
        "entry": "numbers.shape[1]" + " * (1 + PIECES)" * bool(fitted.recipe.pieces),
        **_of_text(table, data),
    }


def _of_text(table: Table | None, data: str) -> dict[str, Any]:
    """What polars takes for text: dates by their forms, and columns of true and false."""
    if table is None or _how(data) != "csv":
        return {"dates": {}, "truths": []}
    frame, _ = texts(Path(data))
    known = {name: known_of(frame[name]) for name, _ in table.features}
    numbers = [name for name, part in table.features if not part]
    return {
        "dates": {name: form_of(known[name]) for name, part in table.features if part},
        "truths": [each for each in numbers if are_truths(known[each])],
    }


def _of_images(fitted: Fitted, data: str, labels: Path | None) -> dict[str, Any]:
    """What the parts of images need."""
    images, recipe = fitted.encoder, fitted.recipe
    assert isinstance(images, Images)
    longest = max(images.height, images.width)
    part = _of_folder if Path(data).is_dir() else _of_array
    return {
        "labels_file": str(labels),
        "size": (images.height, images.width),
        "stages": cnn.stages_of(longest),
        "halved": longest > cnn.LARGE,
        "norm": _NORMS.get(recipe.normalisation, ""),
        "augmented": recipe.model == "cnn" and recipe.augment != "none",
        "categories": [],
        "given": "pixels",
        "entry": "images[0].numel()",
        "resized": False,
    } | part(fitted, images, Path(data), labels)


_NORMS = {
    "batch": "nn.BatchNorm2d(outputs)",
    "group": f"nn.GroupNorm(math.gcd(outputs, {cnn.GROUPS}), outputs)",
    "layer": "nn.GroupNorm(1, outputs)",
}


def _of_array(fitted: Fitted, images: Images, data: Path, labels: Path | None) -> dict[str, Any]:
    """How the images stand in the array."""
    x = y = ""
    if data.suffix.lower() == ".npz":
        with np.load(data) as archive:
            x, y = (_member(archive.files, names) for names in (arrays.INPUTS, arrays.TARGETS))
            values = archive[x]
    else:
        values = arrays.opened_npy(data)
    axes = _FIRST if values.shape[1] == images.channels else _LAST
    axes = _NONE if values.ndim == 3 else axes
    sides = values.shape[2:] if axes == _FIRST else values.shape[1:3]
    return {
        "how": _how(str(data)),
        "x": x,
        "y": y,
        "axes": axes,
        "in_bytes": values.dtype == np.uint8,
        "resized": sides != (images.height, images.width),
        "collections": False,
    }


_NONE, _FIRST, _LAST = "[:, None]", "", ".transpose(0, 3, 1, 2)"
"""What puts channels in front, where an array has none, has them there, or at the end."""


def _member(files: Sequence[str], names: Sequence[str]) -> str:
    """The array of one of these names, as the archive spells it."""
    lower = {file.lower(): file for file in files}
    return next((lower[name] for name in names if name in lower), "")


def _of_folder(fitted: Fitted, images: Images, data: Path, labels: Path | None) -> dict[str, Any]:
    """How the files are labelled, and what has to be known to decode them."""
    targets = fitted.about["targets"]
    table = labels or data / TABLE
    examples = read_folder(data, Wish(tuple(targets) if table.is_file() else (), labels))
    assert isinstance(examples.inputs, Pictures)
    paths = examples.inputs.paths
    grey = images.channels == 1
    found = {
        "how": "folder",
        "endings": sorted({path.suffix.lower() for path in paths}),
        "deep": images.depth if any(head.mode in DEEP for head in headers(paths)) else (),
        "grey": grey,
        "axes": _NONE if grey else _LAST,
        "collections": False,
    }
    return found | _of_labels(data, table, targets) if table.is_file() else found


def _of_labels(data: Path, table: Path, targets: Sequence[str]) -> dict[str, Any]:
    """How the table of labels is written."""
    found = labels_of.read(table, targets)
    return {
        "how": "labels",
        "labels_file": str(table),
        "separator": found.separator,
        "file_column": found.column,
        "bare": not Path(data, found.files[0]).is_file(),
        "counted": found.targets.dtype.kind == "f",
        "collections": found.targets.dtype == object,
    }


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
    if name == "depth":
        return recipe.model == "cnn" and not recipe.depth
    if name == "members":
        return recipe.members == 1
    return name in ("dropout", "clip_norm", "pieces") and not getattr(recipe, name)
