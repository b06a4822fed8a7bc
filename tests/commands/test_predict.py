"""What ``unstuck predict`` says of rows that are not as those of the training."""

import numpy as np
import polars as pl
import pytest

from unstuck.commands.predict import Wishes, predict
from unstuck.fit.fitting import fit
from unstuck.fit.readers import Wish, read

HAND = {"model": "linear", "learning_rate": 0.1, "epochs": 5, "members": 1}


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    """A folder with a model of prices, and the frame that it was made from."""
    folder = tmp_path_factory.mktemp("houses")
    draw = np.random.default_rng(0)
    town, size = draw.choice(["Oslo", "Rome"], 200), draw.normal(size=200)
    kept = np.where(draw.random(200) < 0.5, "True", "False")
    frame = pl.DataFrame({"size": size, "town": town, "kept": kept})
    frame = frame.with_columns(price=size + 3 * (town == "Rome") + 2 * (kept == "True"))
    frame.write_csv(folder / "houses.csv")
    wish = Wish(("price",))
    fit(read(str(folder / "houses.csv"), wish), hand=HAND).save(folder / "model")
    return folder, frame


def said(houses, capsys, frame):
    folder, _ = houses
    frame.write_csv(folder / "new.csv")
    assert predict(Wishes(folder / "model", str(folder / "new.csv"), folder / "p.csv")) == 0
    return capsys.readouterr().err


def test_rows_without_a_target_do_not_keep_the_others_from_judging(houses, capsys):
    price = pl.when(pl.int_range(pl.len()) < 7).then(None).otherwise(pl.col("price"))
    text = said(houses, capsys, houses[1].with_columns(price.alias("price")))
    assert "on these 193 rows" in text


def test_where_no_row_has_a_target_it_is_not_judged(houses, capsys):
    nothing = houses[1].with_columns(pl.lit(None).alias("price"))
    assert "not judged: no row has a target" in said(houses, capsys, nothing)


def test_names_that_are_new_to_the_model_are_said(houses, capsys):
    towns = pl.when(pl.int_range(pl.len()) < 30).then(pl.lit("Bern")).otherwise(pl.col("town"))
    text = said(houses, capsys, houses[1].with_columns(towns.alias("town")))
    assert "town: 30 of 200 values are new to the model, or were rare" in text
    assert "new to the model" not in said(houses, capsys, houses[1])


def test_true_and_false_mean_the_same_however_they_are_written(houses):
    import unstuck

    folder, frame = houses
    model = unstuck.load(folder / "model")
    as_text = model.predict(folder / "houses.csv")
    truth = frame.with_columns(pl.col("kept") == "True").drop("price")
    assert model.predict(truth) == pytest.approx(as_text)
    numbers = truth.with_columns(pl.col("kept").cast(pl.Int64))
    assert model.predict(numbers) == pytest.approx(as_text)
