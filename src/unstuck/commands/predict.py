"""``unstuck predict``: what a trained model says of new data."""

import csv
import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unstuck import files
from unstuck.commands.fit import libraries, say
from unstuck.errors import BadData

if TYPE_CHECKING:
    from unstuck.fit.examples import Examples
    from unstuck.fit.fitted import Fitted

Column = tuple[str, Any]


@dataclass(frozen=True)
class Wishes:
    """What the person asks of ``predict``."""

    model: Path
    data: str
    out: Path = files.STDOUT
    probabilities: bool = False
    labels: Path | None = None
    factory: str = ""


def predict(wishes: Wishes) -> int:
    """Write a table of predictions; where the data have targets, say how good they are.

    Raises:
        BadData: model or data cannot be read, or do not fit each other.
        ReportNotWritten: the table cannot be written.
    """
    libraries()
    from unstuck.fit import encoders
    from unstuck.fit.fitted import load_fitted
    from unstuck.fit.readers import Wish, read

    if wishes.out != files.STDOUT:
        files.refuse_unwritable(wishes.out)
    fitted = load_fitted(wishes.model, wishes.factory)
    target = tuple(fitted.about.get("targets", ()))
    wish = Wish(target, labels=wishes.labels, predicting=True, kind=fitted.task.kind)
    examples = read(wishes.data, wish)
    outputs = fitted.outputs(examples.inputs)
    text = _table(_columns(fitted, examples, outputs, wishes.probabilities))
    if wishes.out == files.STDOUT:
        sys.stdout.write(text)
    else:
        files.write_report(wishes.out, text)
        say(f"{len(examples)} predictions: {wishes.out}")
    for note in encoders.unknown(fitted.encoder, examples.inputs):
        say(note)
    if examples.targets is not None:
        say(_judgement(fitted, examples, outputs))
    return 0


def _columns(
    fitted: "Fitted", examples: "Examples", outputs: Any, probabilities: bool
) -> list[Column]:
    """Files by their names, what is predicted, and how probable each class is."""
    from unstuck.fit.examples import Pictures

    task = fitted.task
    told = fitted.told(outputs)
    several = told.ndim == 2
    names = list(map(str, task.names)) if several else fitted.about.get("targets") or ["prediction"]
    columns: list[Column] = list(zip(names, told.T if several else [told], strict=True))
    if isinstance(examples.inputs, Pictures):
        columns.insert(0, ("file", [examples.place(row) for row in range(len(examples))]))
    if probabilities and task.is_classification:
        each = task.probabilities(outputs).numpy().T
        columns += [
            (f"probability of {name}", values)
            for name, values in zip(task.names, each, strict=True)
        ]
    return columns


def _table(columns: Sequence[Column]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([name for name, _ in columns])
    writer.writerows(zip(*(values for _, values in columns), strict=True))
    return stream.getvalue()


def _judgement(fitted: "Fitted", examples: "Examples", outputs: Any) -> str:
    """Of the rows that have a target."""
    from unstuck.fit import metrics
    from unstuck.fit.examples import is_missing

    assert examples.targets is not None, "asked only where they are"
    known = (~is_missing(examples.targets)).nonzero()[0]
    if not len(known):
        return "not judged: no row has a target"
    try:
        targets = fitted.task.encoded(
            examples.targets[known], lambda row: examples.place(int(known[row]))
        )
    except BadData as error:
        return f"not judged: {error.message}"
    found = fitted.judged(outputs[known], targets)
    said = metrics.said(found, fitted.about.get("headline", ""))
    return f"on these {len(known)} rows{_known(fitted, examples)}: {said}"


def _known(fitted: "Fitted", examples: "Examples") -> str:
    """Of the data that the model was made from, not all rows judge it."""
    about = fitted.about
    same = about.get("source") == examples.source and about.get("examples") == len(examples)
    return f", of which {about['rows'][0]} were trained on" if same else ""
