"""The same training as a script of one's own."""

import ast
import re
import runpy
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image

from unstuck.errors import UsageError
from unstuck.fit import fitting
from unstuck.fit.examples import Arrays, Examples, every
from unstuck.fit.fitted import Fitted
from unstuck.fit.fitting import fit
from unstuck.fit.readers import Wish, read
from unstuck.fit.script import literal, refuse_other, script_of

from .pictures import halves, saved

HAND = {"model": "mlp", "learning_rate": 0.02, "batch_size": 32, "epochs": 10}
NASTY = "say \"hi\" \\ 'x' \u202e {{ 7 * 7 }} \U0001f600"


@pytest.fixture(autouse=True)
def _without_search(monkeypatch):
    """Rates are not what is tested here."""

    def usual(ready, recipe, model=None):
        return recipe.because(learning_rate=recipe.learning_rate or 0.03)

    monkeypatch.setattr(fitting, "measured_rate", usual)


def written(place, data, **how) -> Fitted:
    wish, kind = Wish(how.pop("target", ())), how.pop("kind", None)
    model = fit(read(data, wish), kind=kind, hand={**HAND, **how})
    text = script_of(model, data)
    long = {each.split()[0] for each in text.splitlines()[1:] if len(each) > 110}
    assert long <= {"DATA", "THRESHOLDS"}  # which are as long as they are
    place.write("train.py", text)
    return model


def score_of(place, monkeypatch, capsys) -> float:
    """What the script prints last; run in this process, which has the libraries already."""
    monkeypatch.chdir(place.folder)
    capsys.readouterr()
    with torch.random.fork_rng():
        runpy.run_path(str(place.folder / "train.py"))
    last = capsys.readouterr().out.splitlines()[-1]
    return float(re.search(r"to judge by: (-?[\d.]+)$", last)[1])


def table(folder, **columns):
    draw = np.random.default_rng(0)
    numbers = draw.normal(size=(600, 3))
    city = draw.choice(["Rome", "Oslo", NASTY], 600)
    day = np.datetime64("2024-01-01") + draw.integers(0, 700, 600).astype("timedelta64[D]")
    price = 2 * numbers[:, 0] + 3 * (city == "Rome") + np.abs(numbers[:, 1])
    price += 0.1 * draw.normal(size=600)
    gone = np.where(draw.random(600) < 0.1, np.nan, numbers[:, 2])
    frame = pl.DataFrame(
        {NASTY: numbers[:, 0], "b": numbers[:, 1], "c": pl.Series(gone).fill_nan(None),
         "city": city, "day": day, "new": np.where(numbers[:, 0] > 0, "True", "FALSE"),
         "sold": pl.Series(day).dt.strftime("%d %b %Y"), "zip": np.where(numbers[:, 1] > 0, "01067", "10115")}
        | {name: make(price) for name, make in columns.items()}
    )  # fmt: skip
    frame.write_csv(folder / "houses.csv")
    return str(folder / "houses.csv")


def is_clean(place) -> bool:
    # On a busy machine threads wait for each other.
    done = place.unstuck("check", "--no-prove", "train.py", env={"OMP_NUM_THREADS": "1"})
    return done.returncode == 0 and "Nothing found" in done.stderr


def test_of_digits_it_reaches_the_same_accuracy_and_is_clean_under_check(
    place, monkeypatch, capsys
):
    model = written(place, "digits", pieces=4, epochs=5, learning_rate=0.01)
    assert score_of(place, monkeypatch, capsys) == pytest.approx(
        model.metrics["accuracy"], abs=0.025
    )
    assert is_clean(place)


def test_of_a_table_it_reaches_the_same_metric_and_is_clean_under_check(place, monkeypatch, capsys):
    data = table(place.folder, price=lambda price: price)
    model = written(place, data, target=("price",), members=2, pieces=8)
    assert model.metrics["R2"] > 0.9
    assert score_of(place, monkeypatch, capsys) == pytest.approx(model.metrics["R2"], abs=0.04)
    shapes = [[each.shape for each in kept.values()] for kept in torch.load("weights.pt")]
    ours = [[each.shape for each in net.state_dict().values()] for net in model.model.nets]
    assert [*map(sorted, shapes)] == [*map(sorted, ours)]
    assert is_clean(place)


@pytest.mark.parametrize(
    ("columns", "target"),
    [
        ({"dear": lambda price: np.where(price > 5.8, "yes", "no")}, ("dear",)),
        ({"size": lambda price: np.digitize(price, [0, 2, 6.8])}, ("size",)),
        ({"p": lambda price: price, "q": lambda price: -price}, ("p", "q")),
        ({"p": lambda price: (price > 2) * 1, "q": lambda price: (price > 4) * 1}, ("p", "q")),
    ],
    ids=["binary", "multi-class", "two quantities", "labels"],
)
@pytest.mark.parametrize("kind", [{}, {"model": "linear"}], ids=["net", "linear"])
def test_every_task_has_its_script(place, columns, target, kind, monkeypatch, capsys):
    weights = {"class_weights": True} if kind and len(target) == 1 else {}
    data = table(place.folder, **columns)
    model = written(place, data, target=target, members=2, **kind, **weights)
    headline = model.metrics[model.about["headline"]]
    assert score_of(place, monkeypatch, capsys) == pytest.approx(headline, abs=0.12)


def test_of_arrays_it_reads_the_same_file(place, monkeypatch, capsys):
    draw = np.random.default_rng(0)
    x = draw.normal(size=(300, 4))
    np.savez(place.folder / "a.npz", x=x, y=(x[:, 0] > 0).astype(int))
    model = written(place, str(place.folder / "a.npz"), model="linear")
    assert score_of(place, monkeypatch, capsys) == pytest.approx(
        model.metrics["accuracy"], abs=0.05
    )


def test_it_needs_no_unstuck_and_reads_well(place):
    written(place, "iris")
    text = (place.folder / "train.py").read_text()
    assert "import unstuck" not in text
    assert max(map(len, text.splitlines())) <= 110
    assert "LEARNING_RATE = 0.02  # as the recipe's file says" in text


@pytest.mark.parametrize("text", [NASTY, "'", '"', "\\'", "\n", "\x00", "", "\u2028"])
def test_any_text_of_the_data_is_the_same_in_the_script(text):
    assert ast.literal_eval(literal(text)) == text
    assert ast.literal_eval(literal([text, (text, 1)])) == [text, (text, 1)]
    assert literal(text).isprintable()


def drawn(count=120, size=(8, 8), channels=1):
    """Images with a bright bar that stands or lies, and which it does; bytes, channels first."""
    draw = np.random.default_rng(0)
    pixels = draw.integers(0, 60, (count, channels, *size))
    lies = draw.integers(0, 2, count)
    for image, flat in zip(pixels, lies, strict=True):
        at = draw.integers(2, 6)
        image[:, at if flat else slice(None), slice(None) if flat else at] = 250
    return pixels.astype(np.uint8), lies


def files(root, pixels, names):
    """A file of each image, in the folder of its name if it has one."""
    for number, (image, name) in enumerate(zip(pixels, names, strict=True)):
        found = image[0] if len(image) == 1 else image.transpose(1, 2, 0)
        saved(root / name / f"{number:03}.png", Image.fromarray(found))
    return str(root)


OF_IMAGES = {"model": "cnn", "width": 4, "batch_size": 16, "epochs": 25, "learning_rate": 0.03}


def test_of_a_folder_of_images_it_reaches_the_same_accuracy_and_is_clean_under_check(
    place, monkeypatch, capsys
):
    pixels, lies = drawn(240)
    data = files(place.folder / "bars", pixels, np.array(["stands", "lies"])[lies])
    model = written(place, data, **OF_IMAGES | {"epochs": 15, "augment": "shift and flip"})
    assert model.metrics["accuracy"] > 0.9
    assert score_of(place, monkeypatch, capsys) == pytest.approx(
        model.metrics["accuracy"], abs=0.05
    )
    assert is_clean(place)


@pytest.mark.parametrize(
    ("shape", "hand"),
    [
        (lambda pixels: pixels, {"normalisation": "group", "augment": "shift"}),
        (lambda pixels: pixels[:, 0], {"normalisation": "none", "dropout": 0.1}),
        (lambda pixels: pixels.transpose(0, 2, 3, 1) / 255, {"depth": 0}),
        (lambda pixels: pixels.repeat(9, 2).repeat(9, 3), {"image_size": 8}),
        (lambda pixels: pixels, {"model": "mlp"}),
        (lambda pixels: pixels, {"model": "linear"}),
    ],
    ids=["group", "without channels", "channels last", "large", "mlp", "linear"],
)
def test_of_arrays_of_images_it_makes_the_same_net(place, shape, hand, monkeypatch, capsys):
    pixels, lies = drawn()
    np.savez(place.folder / "a.npz", Images=shape(pixels), labels=lies)
    model = written(place, str(place.folder / "a.npz"), **{**OF_IMAGES, "epochs": 12, **hand})
    names = net_of(place, monkeypatch).state_dict().values()
    assert [each.shape for each in names] == [
        each.shape for each in model.model.state_dict().values()
    ]
    assert score_of(place, monkeypatch, capsys) == pytest.approx(
        model.metrics["accuracy"], abs=0.17
    )


def test_labels_beside_an_array_are_read_from_their_own_file(place, monkeypatch, capsys):
    pixels, lies = drawn()
    for name, values in (("x", pixels), ("which", lies)):
        np.save(place.folder / f"{name}.npy", values)
    data, labels = (str(place.folder / f"{name}.npy") for name in ("x", "which"))
    model = fit(read(data, Wish(labels=Path(labels))), hand={**OF_IMAGES, "model": "linear"})
    place.write("train.py", script_of(model, data, Path(labels)))
    assert score_of(place, monkeypatch, capsys) == pytest.approx(
        model.metrics["accuracy"], abs=0.12
    )


@pytest.mark.parametrize(
    ("label", "metric"),
    [
        (lambda flat: ["stands", "lies"][flat], "accuracy"),
        (lambda flat: str(10 - flat), "accuracy"),
        (lambda flat: f"bar|{['stands', 'lies'][flat]}", "macro F1"),
        (lambda flat: str(flat + 0.5), "R2"),
    ],
    ids=["names", "numbers", "sets", "quantities"],
)
@pytest.mark.parametrize("ending", [".png", ""])
def test_of_a_table_of_labels_it_reads_the_same(place, label, metric, ending, monkeypatch, capsys):
    pixels, lies = drawn()
    data = files(place.folder / "bars", pixels, [""] * len(lies))
    rows = [f"{label(flat)}; {number:03}{ending}" for number, flat in enumerate(lies)]
    (place.folder / "bars" / "labels.csv").write_text("\n".join(["what; file", *rows]) + "\n")
    kind = "regression" if metric == "R2" else None
    model = written(place, data, kind=kind, **OF_IMAGES | {"epochs": 12})
    assert model.about["headline"] == metric
    assert score_of(place, monkeypatch, capsys) == pytest.approx(model.metrics[metric], abs=0.2)


def test_pixels_of_files_are_decoded_alike(place, monkeypatch, capsys):
    """16 bits, transparency, colours, a JPEG that lies on its side, other sizes."""
    odd = [
        halves(), halves("RGBA"), halves("L"), halves("P"), halves("1"), halves(size=(300, 200)),
        Image.fromarray(np.arange(96, dtype=np.uint16).reshape(8, 12) * 400),
    ]  # fmt: skip
    odd[1].putalpha(100)
    for number in range(42):
        name = "ab"[number % 2]
        how = {"exif": turned()} if number % 3 else {}
        image, ending = odd[number % 7], "png"
        if image.mode == "RGB":
            ending = "jpg"
        saved(place.folder / "odd" / name / f"{number}.{ending}", image, **how)
    data = str(place.folder / "odd")
    model = written(place, data, **OF_IMAGES | {"epochs": 1})
    monkeypatch.chdir(place.folder)
    with torch.random.fork_rng():
        made = runpy.run_path("train.py")
    examples = read(data, Wish())
    [wanted] = model.encoder.encoded(examples.inputs, every(examples.inputs))
    assert made["batch"](every(examples.inputs)).numpy() == pytest.approx(wanted.numpy(), abs=1e-5)


def turned():
    found = Image.Exif()
    found[0x0112] = 6
    return found


def net_of(place, monkeypatch):
    monkeypatch.chdir(place.folder)
    with torch.random.fork_rng():
        return runpy.run_path("train.py")["net"]


def test_what_is_not_our_own_net_is_refused_before_anything_is_trained():
    images = Examples(Arrays(np.zeros((20, 1, 8, 8))), "x", np.arange(20) % 2)
    with pytest.raises(UsageError, match="not for the backbone resnet18"):
        refuse_other(images, {"backbone": "resnet18"})
    refuse_other(images, {})
    rows = Examples(Arrays(np.zeros((20, 8))), "x", np.arange(20) % 2)
    with pytest.raises(UsageError, match="not for mine:net"):
        refuse_other(rows, {"model": "mine:net"})
    refuse_other(rows, {"model": "mlp"})
