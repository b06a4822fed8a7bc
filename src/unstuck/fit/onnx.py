"""A trained model as ONNX: from numbers as they are, codes or pixels to probabilities or quantities."""

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import unstuck
from unstuck import files
from unstuck.errors import UsageError
from unstuck.fit.encoders import Encoder
from unstuck.fit.encoders.columns import Table
from unstuck.fit.encoders.images import Images
from unstuck.fit.encoders.numbers import FARTHEST, Numbers
from unstuck.fit.fitted import Fitted

NEEDED = ("onnx", "onnxscript")

CHOSEN = {
    "binary": "the second class, where its probability is at least the threshold",
    "multi-class": "the class whose probability divided by its threshold is the largest",
    "multi-label": "each label whose probability is at least its threshold",
}
"""What is said of a row, by the kind of task."""

GAPS = "NaN where one is missing"

CODES = "0 is a value that is not in the list, 1 a missing one, 2 the first in the list, and so on"

IMAGES = "{0} channels, {1} pixels high, {2} wide, values as in the data: of files 0 to 255"


class Numeric(nn.Module):
    """``encoders.numbers`` as tensors, in double precision as there."""

    def __init__(self, numbers: Numbers) -> None:
        super().__init__()
        for name in ("low", "high", "center", "scale"):
            values = torch.tensor(getattr(numbers, name), dtype=torch.float64)
            self.register_buffer(name, values)
        self.missing = list(numbers.missing)

    def forward(self, values: Tensor) -> Tensor:
        """(rows, numbers) of raw numbers (rows, features), NaN where they are missing."""
        absent = values.isnan()
        within = values.clamp(self.get_buffer("low"), self.get_buffer("high"))
        scaled = (within - self.get_buffer("center")) / self.get_buffer("scale")
        known = torch.where(absent, 0.0, scaled.clamp(-FARTHEST, FARTHEST))
        return torch.cat([known, absent[:, self.missing]], 1).float()


class Pixel(nn.Module):
    """``encoders.images`` as tensors, of images that have the size and channels already."""

    def __init__(self, images: Images) -> None:
        super().__init__()
        for name in ("center", "scale"):
            self.register_buffer(name, torch.tensor(getattr(images, name))[:, None, None])

    def forward(self, pixels: Tensor) -> Tensor:
        """(rows, channels, height, width), standardised."""
        scaled: Tensor = (pixels - self.get_buffer("center")) / self.get_buffer("scale")
        return scaled


class Answering(nn.Module):
    """The net, with what goes before it and what follows it.

    Probabilities (rows, classes or labels), or quantities (rows, outputs) in their units.
    """

    def __init__(self, fitted: Fitted) -> None:
        super().__init__()
        encoder, self._task = fitted.encoder, fitted.task
        self.prepare = Pixel(encoder) if isinstance(encoder, Images) else Numeric(_numbers(encoder))
        self.net = fitted.model
        self.register_buffer("offset", torch.tensor(fitted.offset or (0.0,)))
        for name in ("scale", "center"):
            values = torch.tensor(getattr(fitted.task, name), dtype=torch.float64)
            self.register_buffer(name, values)

    def forward(
        self,
        numbers: Tensor | None = None,
        codes: Tensor | None = None,
        images: Tensor | None = None,
    ) -> Tensor:
        """Of those inputs that the encoder has."""
        outputs: Tensor = self.net(*self._encoded(numbers, codes, images))
        outputs = outputs + self.get_buffer("offset")
        if self._task.is_classification:
            return self._task.probabilities(outputs)
        return outputs.double() * self.get_buffer("scale") + self.get_buffer("center")

    def _encoded(
        self, numbers: Tensor | None, codes: Tensor | None, images: Tensor | None
    ) -> tuple[Tensor, ...]:
        if images is not None:
            return (self.prepare(images),)
        if codes is None:
            return (self.prepare(numbers),)
        none = codes[:, :0].float()
        return (none if numbers is None else self.prepare(numbers), codes)


def refuse_missing() -> None:
    """Say what to install, if it is not.

    Raises:
        UsageError: a library that the export needs is missing.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"--export onnx needs {' and '.join(missing)}", "pip install 'unstuck[onnx]'"
        )


def export(fitted: Fitted, path: Path) -> None:
    """Write the model. Its metadata say what goes in and what comes out.

    Raises:
        UsageError: a library is missing, or a net of one's own does what ONNX cannot.
        OSError: the file cannot be written.
    """
    refuse_missing()
    files.write_bytes(path, graph_of(fitted).SerializeToString())


def graph_of(fitted: Fitted) -> Any:
    """The model as ONNX's own message, for any number of rows.

    Raises:
        UsageError: a net of one's own does what ONNX cannot.
    """
    try:
        with _quiet():
            program = torch.onnx.export(
                traced(fitted),
                input_names=list(inputs(fitted.encoder)),
                output_names=["probabilities" if fitted.task.is_classification else "quantities"],
                dynamic_shapes=_shapes(fitted.encoder),
                dynamo=True,
                verbose=False,
            )
    except (RuntimeError, ValueError) as error:
        why = " ".join(str(error.__cause__ or error).split())[:200]
        raise UsageError(
            f"the net {fitted.recipe.model} cannot be written as ONNX: {why}",
            "leave --export onnx out",
        ) from error
    assert program is not None, "it is None only where it writes the file itself"
    proto = program.model_proto
    _forget_sources(proto)
    for name, value in described(fitted).items():
        proto.metadata_props.add(key=name, value=value)
    return proto


def traced(fitted: Fitted) -> torch.export.ExportedProgram:
    """What the model computes. Here, as the exporter would let a net count the rows and keep their number.

    Raises:
        RuntimeError: the model computes something that depends on the values or the number of rows.
    """
    model, shapes = Answering(fitted).eval(), _shapes(fitted.encoder)
    given = inputs(fitted.encoder)
    return torch.export.export(model, (), given, dynamic_shapes=shapes, strict=False)


def inputs(encoder: Encoder) -> dict[str, Tensor]:
    """Two rows of each input of the graph, by its name."""
    if encoder.shape.image:
        return {"images": torch.zeros(2, *encoder.shape.image)}
    features, columns = len(_numbers(encoder).center), len(encoder.shape.codes)
    given = {
        "numbers": torch.zeros(2, features, dtype=torch.float64),
        "codes": torch.zeros(2, columns, dtype=torch.long),
    }
    return {name: each for name, each in given.items() if each.shape[1]}


def _shapes(encoder: Encoder) -> dict[str, dict[int, Any]]:
    """Of each input: the number of rows is free, and of all the same."""
    rows = torch.export.Dim("rows")
    return {name: {0: rows} for name in inputs(encoder)}


def described(fitted: Fitted) -> dict[str, str]:
    """What a person needs to use the file, for its metadata: text, lists and mappings as JSON."""
    task = fitted.task
    what = {"regression": "quantities", "multi-label": "labels"}.get(task.kind, "classes")
    said = {"unstuck": unstuck.__version__, "task": task.said(), what: json.dumps(task.names)}
    if task.is_classification:
        said |= {"thresholds": json.dumps(fitted.thresholds), "chosen": CHOSEN[task.kind]}
    return said | _inputs_described(fitted.encoder)


def _inputs_described(encoder: Encoder) -> dict[str, str]:
    if isinstance(encoder, Images):
        return {"images": IMAGES.format(*encoder.shape.image or ())}
    if not isinstance(encoder, Table):
        return {"numbers": f"the {len(_numbers(encoder).center)} features of the training, {GAPS}"}
    said = {}
    if encoder.features:
        names = [f"{name}: {part}" if part else name for name, part in encoder.features]
        said = {"numbers": json.dumps(names), "missing": GAPS}
    if encoder.categories:
        values = {each.name: each.values for each in encoder.categories}
        said |= {"codes": json.dumps(values), "coded": CODES}
    return said


def _numbers(encoder: Encoder) -> Numbers:
    """What standardises the numbers of a table or of an array."""
    found = encoder.numbers if isinstance(encoder, Table) else encoder
    assert isinstance(found, Numbers)
    return found


def _forget_sources(proto: Any) -> None:
    """Each node names the lines of Python it came from, with the paths of this machine."""
    for graph in (proto.graph, *proto.functions):
        for each in (graph, *graph.node, *graph.value_info):
            del each.metadata_props[:]
    for each in (*proto.graph.input, *proto.graph.output, *proto.graph.initializer):
        del each.metadata_props[:]


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the exporter says of itself and of libraries that are not there."""
    log = logging.getLogger("torch.onnx")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(before)
