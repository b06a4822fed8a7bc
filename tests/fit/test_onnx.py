"""A model as ONNX answers as the model itself, and says what it is given."""

import json

import numpy as np
import polars as pl
import pytest
import torch

from unstuck.errors import UsageError
from unstuck.fit import onnx
from unstuck.fit.encoders.columns import MISSING, RARE
from unstuck.fit.examples import every
from unstuck.fit.fitting import fit
from unstuck.fit.readers import Wish, read

runtime = pytest.importorskip("onnxruntime")

HAND = {"learning_rate": 0.05, "epochs": 1, "model": "mlp", "width": 8}


def answered(content: bytes, **given):
    return runtime.InferenceSession(content).run(None, given)[0]


def assert_same_answers(model, examples, **given):
    """Of one row, of two and of all."""
    content = onnx.graph_of(model).SerializeToString()
    task = model.task
    for count in (1, 2, len(examples)):
        outputs = model.outputs(examples.inputs, every(examples.inputs)[:count])
        wanted = task.probabilities(outputs) if task.is_classification else task.quantities(outputs)
        found = answered(content, **{name: each[:count] for name, each in given.items()})
        assert found == pytest.approx(
            np.asarray(wanted), rel=1e-5, abs=1e-5 * max([1, *task.scale])
        )


def frame(target):
    """A number with gaps, one that is far from 0 and one broken, and names."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=200)
    seconds = 1.7e9 + draw.normal(size=200)
    seconds[7] = 1e30
    gaps = pl.Series(np.where(draw.random(200) < 0.1, np.nan, x)).fill_nan(None)
    city = draw.choice(["Rome", "Oslo", ""], 200)
    columns = {"x": gaps, "seconds": seconds, "city": city, "y": target(x)}
    return pl.DataFrame(columns).with_columns(pl.col("city").replace("", None))


def raw(frame):
    numbers = frame.select("x", "seconds").cast(pl.Float64).to_numpy()
    codes = {None: MISSING, "Oslo": 2, "Rome": 3}
    return {"numbers": numbers, "codes": np.array([[codes[each]] for each in frame["city"]])}


@pytest.mark.parametrize(
    ("target", "hand"),
    [
        (lambda x: 7 + 1e6 * x, {"members": 2, "pieces": 4}),
        (lambda x: np.where(x > 0, "up", "down"), {"class_weights": True, "members": 2}),
        (lambda x: np.digitize(x, [-1, 1]), {"model": "linear", "members": 3}),
        (
            lambda x: [["high"] * int(each > 0) + ["far"] * int(each > 1) for each in x],
            {"members": 2},
        ),
    ],
    ids=["regression", "binary", "multi-class", "multi-label"],
)
def test_of_a_table_it_takes_raw_numbers_and_codes(target, hand):
    data = frame(target)
    examples = read(data, Wish(("y",)))
    assert_same_answers(fit(examples, hand={**HAND, **hand}), examples, **raw(data))


@pytest.mark.parametrize("model", ["mlp", "linear"])
def test_of_rows_of_numbers_it_takes_the_numbers(model):
    draw = np.random.default_rng(0)
    x = draw.normal(5, 2, (80, 3))
    x[draw.random(80) < 0.2, 1] = np.nan
    examples = read(x, Wish(), (x[:, 0] > 5).astype(int))
    assert_same_answers(fit(examples, hand={**HAND, "model": model}), examples, numbers=x)


@pytest.mark.parametrize("name", ["x", "city"])
def test_a_table_may_have_numbers_alone_or_names_alone(name):
    data = frame(lambda x: x).select(name, "y")
    examples = read(data, Wish(("y",)))
    given = (
        {"codes": raw(frame(abs))["codes"]}
        if name == "city"
        else {"numbers": data[[name]].to_numpy()}
    )
    assert_same_answers(fit(examples, hand=HAND), examples, **given)


@pytest.mark.parametrize(
    "hand",
    [
        {"model": "cnn", "width": 4, "augment": "shift and flip"},
        {"model": "cnn", "width": 4, "normalisation": "group"},
        {"model": "linear"},
    ],
    ids=["batch", "group", "linear"],
)
def test_of_images_it_takes_pixels(hand):
    pixels = np.random.default_rng(0).integers(0, 255, (40, 3, 8, 8)).astype(np.uint8)
    examples = read(pixels, Wish(), np.arange(40) % 3)
    model = fit(examples, hand={**HAND, "epochs": 1, **hand})
    assert_same_answers(model, examples, images=pixels.astype(np.float32))


def test_the_file_says_what_goes_in_and_what_comes_out_and_nothing_to_the_terminal(tmp_path, capfd):
    library = pytest.importorskip("onnx")
    data = frame(lambda x: np.where(x > 0, "up", "down"))
    model = fit(read(data, Wish(("y",))), hand=HAND)
    capfd.readouterr()
    onnx.export(model, tmp_path / "m.onnx")  # a warning would be an error here
    assert capfd.readouterr() == ("", "")
    graph = library.load(tmp_path / "m.onnx")
    library.checker.check_model(graph, full_check=True)
    said = {each.key: each.value for each in graph.metadata_props}
    assert json.loads(said["classes"]) == ["down", "up"]
    assert json.loads(said["thresholds"]) == [0.5]
    assert json.loads(said["numbers"]) == ["x", "seconds"]
    assert json.loads(said["codes"]) == {"city": ["Oslo", "Rome"]}
    assert said["coded"].startswith(
        f"{RARE} is a value that is not in the list, {MISSING} a missing"
    )
    rows = {each.type.tensor_type.shape.dim[0].dim_param for each in graph.graph.input}
    assert rows == {"rows"}
    assert b".py" not in (tmp_path / "m.onnx").read_bytes(), "it names files of this machine"


class Counting(torch.nn.Module):
    """A net that reckons with two rows."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)

    def forward(self, numbers):
        return self.layer(numbers) if len(numbers) > 3 else self.layer(numbers) * 2


def test_a_net_that_cannot_be_written_is_said_in_one_line():
    x = np.random.default_rng(0).normal(size=(60, 2))
    model = fit(read(x, Wish(), x[:, 0]), hand={**HAND, "model": f"{__name__}:Counting"})
    with pytest.raises(UsageError, match="cannot be written as ONNX") as caught:
        onnx.graph_of(model)
    assert "\n" not in caught.value.message


def test_a_missing_library_is_said_in_one_line(monkeypatch):
    monkeypatch.setattr(onnx, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="--export onnx needs onnx and onnxscript") as caught:
        onnx.refuse_missing()
    assert caught.value.hint == "pip install 'unstuck[onnx]'"
