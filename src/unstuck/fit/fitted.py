"""A trained model with all that predicting needs; written to and read from a folder."""

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

import unstuck
from unstuck import files
from unstuck.errors import BadData, UsageError
from unstuck.fit import encoders, metrics, models, objects
from unstuck.fit.encoders import Encoder, Rows
from unstuck.fit.examples import Inputs, every
from unstuck.fit.folder import CARD, RECORD, REPORT, WEIGHTS
from unstuck.fit.recipe import Recipe
from unstuck.fit.task import Task
from unstuck.records import Run

VERSION = 1
AT_ONCE = 1024
"""Rows that are predicted together, at most."""


@dataclass(frozen=True)
class Fitted:
    """A trained model with all that predicting needs.

    ``thresholds`` are where classes part; ``offset`` is added to the logits, to undo what class
    weights did to the odds; ``metrics`` are of the rows that judged; ``about`` is what else is known
    of the training; ``run`` is what was seen of it.
    """

    model: nn.Module
    recipe: Recipe
    task: Task
    encoder: Encoder
    thresholds: tuple[float, ...] = ()
    offset: tuple[float, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)
    run: Run | None = field(default=None, compare=False)

    def outputs(self, inputs: Inputs, rows: Rows | None = None) -> Tensor:
        """Logits or standardised quantities (rows, outputs), of all rows or of these."""
        self.model.eval()
        rows = every(inputs) if rows is None else rows
        count = self.encoder.shape.at_once(AT_ONCE)
        with torch.no_grad():
            parts = [
                self.model(*self.encoder.encoded(inputs, part))
                for part in np.array_split(rows, max(1, -(-len(rows) // count)))
            ]
        return self.corrected(torch.cat(parts))

    def corrected(self, outputs: Tensor) -> Tensor:
        """Outputs of the model, without what class weights did to their odds."""
        return outputs + torch.tensor(self.offset) if self.offset else outputs

    def probabilities(self, inputs: Inputs, rows: Rows | None = None) -> Tensor:
        """(rows, classes), or (rows, labels)."""
        return self.task.probabilities(self.outputs(inputs, rows))

    def chosen(self, probabilities: Tensor) -> Tensor:
        """Class numbers (rows,), or the labels of each row (rows, labels) as 0 and 1."""
        if self.task.kind == "multi-class":
            return (probabilities / torch.tensor(self.thresholds)).argmax(1)
        if self.task.kind == "binary":
            return (probabilities[:, 1] >= self.thresholds[0]).long()
        return (probabilities >= torch.tensor(self.thresholds)).long()

    def told(self, outputs: Tensor) -> NDArray[Any]:
        """Of outputs: classes (rows,), labels (rows, labels) as 0 and 1, or quantities (rows, outputs)."""
        if self.task.kind == "regression":
            found = self.task.quantities(outputs)
            return found[:, 0] if found.shape[1] == 1 else found
        chosen = self.chosen(self.task.probabilities(outputs)).numpy()
        return chosen if self.task.kind == "multi-label" else np.array(self.task.names)[chosen]

    def predict(self, inputs: Inputs) -> NDArray[Any]:
        """What is told of all rows."""
        return self.told(self.outputs(inputs))

    def judged(self, outputs: Tensor, targets: Tensor) -> dict[str, float]:
        """The metrics of outputs whose encoded targets are known."""
        if self.task.kind == "regression":
            told, true = (self.task.quantities(each) for each in (outputs, targets))
            return metrics.regression(told, true, self.task.names)
        found = self.task.probabilities(outputs)
        if self.task.kind == "multi-label":
            return metrics.labelling(found, self.chosen(found), targets)
        return metrics.classification(found, self.chosen(found), self.task.classes(targets))

    def save(self, folder: Path) -> None:
        """Write weights, report and card, and the record last: a folder that has one is whole.

        Raises:
            OSError: they cannot be written.
        """
        from unstuck.fit import card, report

        state = {name: each.contiguous() for name, each in self.model.state_dict().items()}
        texts = {REPORT: report.page_of(self), CARD: card.card_of(self)}
        weights, record = save(state), json.dumps(self._record(), indent=1) + "\n"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / RECORD).unlink(missing_ok=True)
        files.write_bytes(folder / WEIGHTS, weights)
        for name, text in texts.items():
            files.write_text(folder / name, text)
        files.write_text(folder / RECORD, record)

    def _record(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "task": asdict(self.task),
            "recipe": self.recipe.plain(),
            "encoder": encoders.kept(self.encoder),
            "thresholds": self.thresholds,
            "offset": self.offset,
            "metrics": dict(self.metrics),
            "about": dict(self.about),
            "versions": versions(),
        }


def versions() -> dict[str, str]:
    """Of what the predictions depend on."""
    return {
        "unstuck": unstuck.__version__,
        "Python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }


def load_fitted(folder: Path, factory: str = "") -> Fitted:
    """The model that was saved in a folder. Nothing in it is executed.

    A person's own net is code: it is run only if ``factory`` names it, as the training did.

    Raises:
        BadData: it is no such folder, or a file in it is damaged.
    """
    try:
        record, weights = objects.read(folder / RECORD), _weights(folder / WEIGHTS)
    except (OSError, ValueError, SafetensorError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise BadData(
            f"cannot read the model {folder}: {why}", "a folder that unstuck fit wrote"
        ) from error
    _refuse_code(folder, record, factory)
    try:
        return _made(record, weights, str(folder / RECORD))
    except UsageError as error:
        raise BadData(f"the model {folder} cannot be made: {error.message}", error.hint) from error
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise BadData(f"the model {folder} is damaged: {error}", "fit it again") from error


def _weights(path: Path) -> dict[str, Tensor]:
    """As the file has them, not yet in memory."""
    with safe_open(path, "pt") as opened:
        return {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118


def _refuse_code(folder: Path, record: Mapping[str, Any], factory: str) -> None:
    named = record.get("recipe")
    model = str(named.get("model")) if isinstance(named, dict) else ""
    if (":" in model or model == "own") and model != factory:
        raise BadData(
            f"the model {folder} is made by {model}, which is code", f"--model {model} runs it"
        )


def _made(record: Mapping[str, Any], weights: Mapping[str, Tensor], source: str) -> Fitted:
    recipe = Recipe.from_plain(record["recipe"], source)
    encoder, task = encoders.again(record["encoder"]), Task.from_plain(record["task"])
    thresholds, offset = (
        objects.again(tuple[float, ...], record[name]) for name in ("thresholds", "offset")
    )
    _refuse_odd(task, thresholds, offset)
    about = objects.again(dict[str, Any], record["about"])
    for name, kind in _USED.items():
        objects.again(kind, about.get(name, kind()))
    if not models.is_own(recipe):
        if recipe.model != "linear" and recipe.depth > len(weights):  # each block has some
            raise ValueError(f"it has no {recipe.depth} blocks")
        with torch.device("meta"):  # takes no memory, whatever sizes the record names
            _refuse_other(models.built(recipe, encoder.shape, task), weights)
    model = models.built(recipe, encoder.shape, task)
    model.load_state_dict(weights)
    metrics = objects.again(dict[str, Any], record["metrics"])
    return Fitted(model, recipe, task, encoder, thresholds, offset, metrics, about)


_USED = {"targets": list[str], "rows": list[int], "headline": str}
"""What is read of ``about`` when the model is used."""


def _refuse_odd(task: Task, thresholds: Sequence[float], offset: Sequence[float]) -> None:
    """Each class or label has a threshold, of two classes the second; each output an offset, or none."""
    wanted = task.outputs if task.is_classification else 0
    if len(thresholds) != wanted or len(offset) not in (0, task.outputs):
        raise ValueError("its thresholds or offsets are not those of its task")


def _refuse_other(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Before a model is made of sizes that its weights have not."""
    wanted, there = (
        {name: (tuple(each.shape), each.dtype) for name, each in state.items()}
        for state in (model.state_dict(), weights)
    )
    for name in wanted.keys() | there.keys():
        if wanted.get(name) != there.get(name):
            raise ValueError(f"its weights do not fit: {name}")
