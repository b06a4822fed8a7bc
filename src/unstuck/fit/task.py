"""What is to be predicted: found from the targets, and said."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unstuck.errors import BadData, UsageError
from unstuck.fit import objects
from unstuck.fit.examples import Place, row_of

Kind = Literal["binary", "multi-class", "multi-label", "regression"]
KINDS: tuple[Kind, ...] = get_args(Kind)

MOST_CLASSES = 20
"""Whole numbers with more different values than this are quantities, unless the person says otherwise."""

DIGITS = 10
"""Whole numbers with more different values than digits may be counts."""

SEPARATORS = ";|,"
"""Of labels in one text; the first that occurs."""

Label = str | int | float | bool


@dataclass(frozen=True)
class Task:
    """A kind of prediction, its names, and why it was taken for this kind.

    ``names`` are the classes (binary: the second is the positive one), the labels, or, of a
    regression, the columns. ``center`` and ``scale`` standardise the targets of a regression;
    ``separator`` stands between the labels of a text.
    """

    kind: Kind
    names: tuple[Label, ...]
    reason: str
    center: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    separator: str = ""

    @property
    def outputs(self) -> int:
        """How many numbers a net gives for one example."""
        return 1 if self.kind == "binary" else len(self.names)

    @property
    def is_classification(self) -> bool:
        """Whether probabilities are predicted."""
        return self.kind != "regression"

    @classmethod
    def from_plain(cls, record: Any) -> "Task":
        """As JSON has it.

        Raises:
            KeyError, TypeError, ValueError: it is no task.
        """
        found: Task = objects.again(cls, record)
        each = len(found.names) if found.kind == "regression" else 0
        if not len(found.center) == len(found.scale) == each:
            raise ValueError("it is not said how each quantity is standardised")
        if len(found.names) < (2 if found.kind in ("binary", "multi-class") else 1):
            raise ValueError(f"a {found.kind} task of {len(found.names)}")
        if found.kind == "binary" and len(found.names) > 2:
            raise ValueError(f"a binary task of {len(found.names)} classes")
        return found

    def encoded(self, values: NDArray[Any], place: Place = row_of) -> Tensor:
        """The targets as the loss wants them.

        multi-class: (rows,) class numbers; otherwise (rows, outputs) float32: 0 and 1, or
        standardised quantities. ``place`` says where a row stands, for messages.

        Raises:
            BadData: a value that the training data did not have, with its row.
        """
        if self.kind == "regression":
            quantities = _quantities(values, place) - np.array(self.center)
            return torch.tensor(quantities / np.array(self.scale), dtype=torch.float32)
        if self.kind == "multi-label":
            sets = _split(values, self.separator) if self.separator else values
            return torch.tensor(_indicators(sets, self.names, place), dtype=torch.float32)
        numbers = torch.from_numpy(self._class_numbers(values, place))
        return numbers if self.kind == "multi-class" else numbers[:, None].float()

    def _class_numbers(self, values: NDArray[Any], place: Place) -> NDArray[np.int64]:
        if values.ndim == 2 and values.shape[1] > 1:
            return self._hot(values, place)
        numbers = {name: number for number, name in enumerate(self.names)}
        different, which = _different(values)
        found = np.array([numbers.get(plain(value), -1) for value in different])[which]
        if (found < 0).any():
            row = int(found.argmin())
            raise BadData(
                f"{place(row)}: {plain(values[row])!r} is none of the {len(numbers)} classes",
                f"the classes are {_some(self.names)}",
            )
        return np.asarray(found)

    def _hot(self, values: NDArray[Any], place: Place) -> NDArray[np.int64]:
        """The class of each row of 0 and a single 1."""
        if values.shape[1] != len(self.names):
            raise BadData(f"the targets are not {len(self.names)} columns", "as in training")
        wrong = (values == 1).sum(1) != 1
        if wrong.any():
            row = int(wrong.argmax())
            raise BadData(f"{place(row)}: not a single 1 among the targets", "each has one class")
        return np.asarray(values.argmax(1))

    def classes(self, targets: Tensor) -> Tensor:
        """Of encoded targets of a binary or multi-class task: class numbers (rows,)."""
        return targets[:, 0].long() if self.kind == "binary" else targets

    def probabilities(self, outputs: Tensor) -> Tensor:
        """Of logits (rows, outputs): (rows, classes), or (rows, labels) each on its own."""
        if self.kind == "multi-class":
            return outputs.softmax(1)
        each = outputs.sigmoid()
        return torch.cat([1 - each, each], 1) if self.kind == "binary" else each

    def quantities(self, outputs: Tensor) -> NDArray[np.float64]:
        """Of the outputs of a regression (rows, outputs): in the units of the targets."""
        found: NDArray[np.float64] = outputs.double().numpy() * np.array(self.scale)
        centered: NDArray[np.float64] = found + np.array(self.center)
        return centered

    def said(self) -> str:
        """One line: ``multi-class, 10 classes: whole numbers from 0 to 9``."""
        many = {"binary": "classes", "multi-class": "classes", "multi-label": "labels"}
        count = f", {len(self.names)} {many.get(self.kind, 'outputs')}"
        alone = self.kind == "regression" and len(self.names) == 1
        return f"{self.kind}{'' if alone else count}: {self.reason}"


def task_of(
    values: NDArray[Any], names: Sequence[str], kind: Kind | None = None, place: Place = row_of
) -> Task:
    """The task that the targets of the training rows are of; ``kind`` is what the person says.

    Args:
        values: (rows,) labels, quantities or collections of labels; or (rows, columns) of one kind.
        names: of the columns.
        kind: instead of finding it.
        place: where a row stands, for messages.

    Raises:
        BadData: no kind of task fits the targets.
        UsageError: they are not of the kind that the person says.
    """
    values = np.asarray(values)
    if len(values) == 0:
        raise BadData("there are no examples", "give at least some rows")
    if kind is not None and kind not in KINDS:
        raise UsageError(f"there is no task {kind!r}", f"there are {', '.join(KINDS)}")
    found = _found(values)
    if kind == "multi-label" and found[0] != kind and values.ndim == 1:
        return _of_texts(values)
    if kind is not None and kind != found[0]:
        found = kind, "as you say"
    task = Task(found[0], _names(values, names, found[0], place), found[1])
    return _standardised(task, values, place) if task.kind == "regression" else task


def _found(values: NDArray[Any]) -> tuple[Kind, str]:
    if values.ndim == 2 and values.shape[1] > 1:
        return _of_columns(values)
    column = values.reshape(len(values))
    if _are_collections(column):
        return "multi-label", "each target is a collection of labels"
    different = {plain(value) for value in _different(column)[0]}
    if any(isinstance(value, str | bool) for value in different):
        return _classes(len(different)), f"the targets are names{_hint(different)}"
    whole = all(float(value).is_integer() for value in different)
    # Of few rows even quantities have few values.
    few = len(different) <= min(MOST_CLASSES, max(2, len(column) // 2))
    if whole and few:
        hint = " (counts? --task regression)" if len(different) > DIGITS else ""
        return _classes(len(different)), f"{len(different)} different whole numbers{hint}"
    what = "whole numbers" if whole else "numbers with decimals"
    return "regression", f"{len(different)} different {what}"


def _hint(names: Iterable[Label]) -> str:
    """Where most names of classes look like sets of labels, or like amounts."""
    texts = [str(name) for name in names]
    for separator in SEPARATORS:
        if 2 * sum(separator in text for text in texts) > len(texts):
            return f" (labels separated by {separator!r}? --task multi-label)"
    amounts = sum(text[-1:] in "%€$£" or text[:1] in "$€£" for text in texts if text)
    return " (amounts? write bare numbers)" if 2 * amounts > len(texts) else ""


def _of_columns(values: NDArray[Any]) -> tuple[Kind, str]:
    count = values.shape[1]
    if _is_one_hot(values):
        return _classes(
            count
        ), "each row has a single 1 among its columns (else --task multi-label)"
    if _only_zero_and_one(values):
        return "multi-label", "each column is 0 or 1"
    return "regression", f"{count} columns of numbers"


def _of_texts(values: NDArray[Any]) -> Task:
    """Sets of labels that are written into one text: ``red;round``."""
    texts = [str(plain(value)) for value in values]
    separator = next((each for each in SEPARATORS if any(each in text for text in texts)), ";")
    names = _labels(_split(values, separator))
    return Task("multi-label", names, f"labels separated by {separator!r}", separator=separator)


def _split(values: NDArray[Any], separator: str) -> NDArray[Any]:
    found = np.empty(len(values), dtype=object)
    for row, value in enumerate(values):
        parts = (part.strip() for part in str(plain(value)).split(separator))
        found[row] = [part for part in parts if part]
    return found


def _different(values: NDArray[Any]) -> tuple[NDArray[Any], Any]:
    """Values of one column, and which of them each row has; numbers once each, as there are many rows."""
    column = values.reshape(len(values))
    if column.dtype == object:
        return column, slice(None)
    return np.unique(column, return_inverse=True)


def _are_collections(column: NDArray[Any]) -> bool:
    kinds = (list, tuple, set, frozenset, np.ndarray)
    return column.dtype == object and any(isinstance(each, kinds) for each in column)


def _is_one_hot(values: NDArray[Any]) -> bool:
    if values.ndim != 2 or values.shape[1] < 2 or not _only_zero_and_one(values):
        return False
    return bool((values.sum(1) == 1).all())


def _classes(count: int) -> Kind:
    return "binary" if count <= 2 else "multi-class"


def _names(
    values: NDArray[Any], names: Sequence[str], kind: Kind, place: Place
) -> tuple[Label, ...]:
    if kind == "regression":
        _quantities(values, place)
        return tuple(names)
    if kind == "multi-label":
        return _label_names(values, names)
    if _is_one_hot(values):
        empty = [name for name, each in zip(names, values.T, strict=True) if not each.any()]
        if empty:
            raise BadData(f"no example is of the class {empty[0]!r}", "leave its column out")
        return tuple(names)
    if _are_collections(values.reshape(len(values), -1)[:, 0]) or values.ndim > 1 < values.shape[1]:
        raise UsageError("each example has several targets, not one class", "--task multi-label")
    classes = _in_order(_different(values)[0])
    _refuse_odd(classes, len(values), kind)
    return classes


def _label_names(values: NDArray[Any], names: Sequence[str]) -> tuple[Label, ...]:
    if values.ndim == 1:
        return _labels(values)
    if not _only_zero_and_one(values):
        raise UsageError(
            "the columns of labels hold other values than 0 and 1", "--task regression"
        )
    if not values.any():
        raise BadData("no example has a label", "a multi-label task needs some")
    return tuple(names)


def _labels(sets: NDArray[Any]) -> tuple[Label, ...]:
    labels = _in_order(label for each in sets for label in each)
    if not labels:
        raise BadData("no example has a label", "a multi-label task needs some")
    return labels


def _in_order(values: Iterable[Any]) -> tuple[Label, ...]:
    """The different ones; Python takes 1 for True, so that a mix of the two would become one class."""
    found = [plain(value) for value in values]
    kinds = {isinstance(each, bool) for each in found if not isinstance(each, str)}
    if len(kinds) > 1:
        raise BadData("the targets mix True or False with numbers", "write them all in one way")
    return tuple(sorted(set(found), key=_order))


def _refuse_odd(classes: Sequence[Label], rows: int, kind: Kind) -> None:
    """Classes are at least two, hardly as many as rows, and of a binary task two."""
    if len(classes) < 2:
        raise BadData(
            f"all {rows} examples are of one class, {classes[0]!r}",
            "there is nothing to tell apart: give examples of a second class",
        )
    if kind == "binary" and len(classes) > 2:
        raise UsageError(f"the targets have {len(classes)} classes, not 2", "--task multi-class")
    if 2 * len(classes) > rows and len(classes) > 2:
        raise BadData(
            f"the targets have {len(classes)} different values in {rows} rows: these are no classes",
            "--target COLUMN names another, or --task regression",
        )


def _standardised(task: Task, values: NDArray[Any], place: Place) -> Task:
    quantities = _quantities(values, place)
    scale = quantities.std(0)
    constant = [
        str(name)
        for name, each in zip(task.names, np.ptp(quantities, axis=0), strict=True)
        if each == 0
    ]
    if constant:
        raise BadData(f"{constant[0]} is the same in all rows", "there is nothing to predict")
    return replace(task, center=tuple(quantities.mean(0).tolist()), scale=tuple(scale.tolist()))


def _quantities(values: NDArray[Any], place: Place) -> NDArray[np.float64]:
    try:
        numbers = values.astype(np.float64).reshape(len(values), -1)
    except (TypeError, ValueError) as error:
        several = values.ndim == 2 and values.shape[1] > 1
        hint = "several targets are numbers, or true and false" if several else "--task multi-class"
        raise UsageError("the targets are no numbers", hint) from error
    bad = np.argwhere(~np.isfinite(numbers))
    if len(bad):
        raise BadData(
            f"{place(int(bad[0][0]))}: the target is {numbers[tuple(bad[0])]:g}",
            "leave rows without a target out",
        )
    return numbers


def _indicators(values: NDArray[Any], names: Sequence[Label], place: Place) -> NDArray[np.float32]:
    if values.ndim == 2:
        if not _only_zero_and_one(values) or values.shape[1] != len(names):
            raise BadData(f"the targets are not {len(names)} columns of 0 and 1", "as in training")
        return values.astype(np.float32)
    numbers = {name: number for number, name in enumerate(names)}
    found = np.zeros((len(values), len(names)), np.float32)
    for row, labels in enumerate(values):
        for label in map(plain, labels):
            if label not in numbers:
                raise BadData(
                    f"{place(row)}: {label!r} is none of the {len(names)} labels",
                    f"the labels are {_some(names)}",
                )
            found[row, numbers[label]] = 1
    return found


def _only_zero_and_one(values: NDArray[Any]) -> bool:
    return values.dtype == bool or (
        np.issubdtype(values.dtype, np.number) and bool(np.isin(values, (0, 1)).all())
    )


def plain(value: Any) -> Label:
    """A label as Python and JSON know it; 3.0 is 3."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return int(value)
    return value if isinstance(value, bool | int | float) else str(value)


def _order(label: Label) -> tuple[bool, Any]:
    return isinstance(label, str), label


def _some(names: Sequence[Label]) -> str:
    shown = ", ".join(map(str, names[:8]))
    return shown + (f" and {len(names) - 8} others" if len(names) > 8 else "")
