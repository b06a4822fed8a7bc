"""A trained model as ONNX: from what the encoder gives to probabilities or quantities."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from unstuck import files
from unstuck.errors import UsageError
from unstuck.fit.encoders import Shape
from unstuck.fit.fitted import Fitted

NEEDED = ("onnx", "onnxscript")


class Answering(nn.Module):
    """The net with what follows it: probabilities (rows, classes or labels), or quantities."""

    def __init__(self, fitted: Fitted) -> None:
        super().__init__()
        self.net, self._task = fitted.model, fitted.task
        self.register_buffer("offset", torch.tensor(fitted.offset or (0.0,)))
        self.register_buffer("scale", torch.tensor(fitted.task.scale or (1.0,)))
        self.register_buffer("center", torch.tensor(fitted.task.center or (0.0,)))

    def forward(self, *inputs: Tensor) -> Tensor:
        """Of standardised numbers, codes or images, as the encoder gives them."""
        outputs: Tensor = self.net(*inputs) + self.get_buffer("offset")
        if self._task.is_classification:
            return self._task.probabilities(outputs)
        return outputs * self.get_buffer("scale") + self.get_buffer("center")


def refuse_missing() -> None:
    """Say what to install, if it is not.

    Raises:
        UsageError: a library that the export needs is missing.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"--export onnx needs {' and '.join(missing)}", f"pip install {' '.join(missing)}"
        )


def export(fitted: Fitted, path: Path) -> None:
    """Write the model; its preprocessing stands in model.json.

    Raises:
        UsageError: a library is missing.
        OSError: the file cannot be written.
    """
    refuse_missing()
    program = torch.onnx.export(
        Answering(fitted).eval(),
        examples(fitted.encoder.shape),
        dynamo=True,
        dynamic_shapes=shapes(fitted.encoder.shape),
        verbose=False,
    )
    assert program is not None, "it is None only where it writes the file itself"
    files.write_bytes(path, program.model_proto.SerializeToString())


def examples(shape: Shape) -> tuple[Tensor, ...]:
    """Two rows of what a net is called with."""
    if shape.image:
        return (torch.zeros(2, *shape.image),)
    numbers = torch.zeros(2, shape.numbers)
    return (
        (numbers, torch.zeros(2, len(shape.codes), dtype=torch.long)) if shape.codes else (numbers,)
    )


def shapes(shape: Shape) -> Any:
    """Of each input of ``*inputs``: the number of rows is free."""
    rows = torch.export.Dim("rows")
    return (tuple({0: rows} for _ in examples(shape)),)
