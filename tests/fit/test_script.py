"""The same training as a script of one's own."""

import ast
import re
import runpy

import numpy as np
import polars as pl
import pytest
import torch

from unstuck.errors import UsageError
from unstuck.fit import fitting
from unstuck.fit.examples import Arrays, Examples
from unstuck.fit.fitted import Fitted
from unstuck.fit.fitting import fit
from unstuck.fit.readers import Wish, read
from unstuck.fit.script import literal, refuse_other, script_of

HAND = {"model": "mlp", "learning_rate": 0.01, "epochs": 12}
NASTY = "say \"hi\" \\ 'x' \u202e {{ 7 * 7 }} \U0001f600"


@pytest.fixture(autouse=True)
def _without_search(monkeypatch):
    """Rates are not what is tested here."""

    def usual(ready, recipe, model=None):
        return recipe.because(learning_rate=recipe.learning_rate or 0.03)

    monkeypatch.setattr(fitting, "measured_rate", usual)


def written(place, data, **how) -> Fitted:
    wish = Wish(how.pop("target", ()))
    model = fit(read(data, wish), hand={**HAND, **how})
    place.write("train.py", script_of(model, data))
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
         "city": city, "day": day}
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
    model = written(place, "digits")
    assert score_of(place, monkeypatch, capsys) == pytest.approx(
        model.metrics["accuracy"], abs=0.025
    )
    assert is_clean(place)


def test_of_a_table_it_reaches_the_same_metric_and_is_clean_under_check(place, monkeypatch, capsys):
    model = written(place, table(place.folder, price=lambda price: price), target=("price",))
    assert model.metrics["R2"] > 0.9
    assert score_of(place, monkeypatch, capsys) == pytest.approx(model.metrics["R2"], abs=0.04)
    assert is_clean(place)


@pytest.mark.parametrize(
    ("columns", "target"),
    [
        ({"dear": lambda price: np.where(price > 6.5, "yes", "no")}, ("dear",)),
        ({"size": lambda price: np.digitize(price, [0, 2, 6.8])}, ("size",)),
        ({"p": lambda price: price, "q": lambda price: -price}, ("p", "q")),
        ({"p": lambda price: (price > 2) * 1, "q": lambda price: (price > 4) * 1}, ("p", "q")),
    ],
    ids=["binary", "multi-class", "two quantities", "labels"],
)
@pytest.mark.parametrize("kind", [{}, {"model": "linear"}], ids=["net", "linear"])
def test_every_task_has_its_script(place, columns, target, kind, monkeypatch, capsys):
    weights = {"class_weights": True} if kind and len(target) == 1 else {}
    model = written(place, table(place.folder, **columns), target=target, **kind, **weights)
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
    assert "LEARNING_RATE = 0.01  # as the recipe's file says" in text


@pytest.mark.parametrize("text", [NASTY, "'", '"', "\\'", "\n", "\x00", "", "\u2028"])
def test_any_text_of_the_data_is_the_same_in_the_script(text):
    assert ast.literal_eval(literal(text)) == text
    assert ast.literal_eval(literal([text, (text, 1)])) == [text, (text, 1)]
    assert literal(text).isprintable()


def test_what_is_no_table_is_refused_before_anything_is_trained():
    images = Examples(Arrays(np.zeros((20, 1, 8, 8))), "x", np.arange(20) % 2)
    with pytest.raises(UsageError, match="for tables and rows of numbers"):
        refuse_other(images, {})
    rows = Examples(Arrays(np.zeros((20, 8))), "x", np.arange(20) % 2)
    with pytest.raises(UsageError, match="not for mine:net"):
        refuse_other(rows, {"model": "mine:net"})
    refuse_other(rows, {"model": "mlp"})
