"""ONNX needs libraries that are seldom there; that the graph can be made is seen without them."""

from importlib.util import find_spec

import numpy as np
import polars as pl
import pytest
import torch

from unstuck.errors import UsageError
from unstuck.fit import onnx
from unstuck.fit.examples import every
from unstuck.fit.fitting import fit
from unstuck.fit.readers import Wish, read

HAND = {"learning_rate": 0.05, "epochs": 3, "model": "mlp"}


def frame(target):
    draw = np.random.default_rng(0)
    x = draw.normal(size=200)
    return pl.DataFrame({"x": x, "city": draw.choice(["Rome", "Oslo"], 200), "y": target(x)})


@pytest.mark.parametrize(
    ("target", "hand"),
    [
        (lambda x: 7 + 100 * x, {}),
        (lambda x: np.where(x > 0, "up", "down"), {"class_weights": True}),
        (lambda x: np.digitize(x, [-1, 1]), {"model": "linear"}),
    ],
    ids=["regression", "binary", "multi-class"],
)
def test_the_graph_answers_as_the_model_for_any_number_of_rows(target, hand):
    examples = read(frame(target), Wish(("y",)))
    model = fit(examples, hand={**HAND, **hand})
    shape = model.encoder.shape
    program = torch.export.export(
        onnx.Answering(model).eval(), onnx.examples(shape), dynamic_shapes=onnx.shapes(shape)
    )
    given = model.encoder.encoded(examples.inputs, every(examples.inputs)[:7])
    answered = program.module()(*given)
    outputs = model.outputs(examples.inputs, every(examples.inputs)[:7])
    task = model.task
    wanted = task.probabilities(outputs) if task.is_classification else task.quantities(outputs)
    assert answered.detach().numpy() == pytest.approx(np.asarray(wanted), rel=1e-5, abs=1e-6)


@pytest.mark.skipif(all(map(find_spec, onnx.NEEDED)), reason="the libraries are there")
def test_a_missing_library_is_said_in_one_line():
    with pytest.raises(UsageError, match="--export onnx needs onnx and onnxscript") as caught:
        onnx.refuse_missing()
    assert caught.value.hint == "pip install onnx onnxscript"


@pytest.mark.skipif(not all(map(find_spec, onnx.NEEDED)), reason="needs onnx and onnxscript")
def test_the_file_is_valid(tmp_path):
    import onnx as library

    model = fit(read(frame(lambda x: x), Wish(("y",))), hand=HAND)
    onnx.export(model, tmp_path / "m.onnx")
    library.checker.check_model(library.load(tmp_path / "m.onnx"))
