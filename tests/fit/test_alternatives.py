"""What the net of a table may have instead: when it is tried, and that the better is kept."""

import numpy as np
import pytest

from unstuck.fit import fitting
from unstuck.fit.alternatives import (
    DECAY,
    DROPOUT,
    ENOUGH,
    PIECES,
    PLENTY,
    WIDE,
    Alternative,
    alternatives,
)
from unstuck.fit.choose import Known, recipe_for
from unstuck.fit.encoders import Shape
from unstuck.fit.examples import Arrays, Examples
from unstuck.fit.task import Task

TASK = Task("regression", ("y",), "")
TABLE = Shape(numbers=5, codes=(3,))


def of(rows, shape=TABLE, **hand):
    return recipe_for(Known(rows, shape, TASK), 0, hand)


@pytest.mark.parametrize(
    ("rows", "shape", "hand", "names"),
    [
        (ENOUGH, TABLE, {}, ["pieces", "decay"]),
        (ENOUGH, Shape(numbers=WIDE), {}, ["pieces", "decay"]),
        (ENOUGH - 1, TABLE, {}, []),
        (ENOUGH, Shape(numbers=WIDE + 1), {}, ["decay"]),
        (ENOUGH, Shape(codes=(3, 4)), {}, ["decay"]),
        (PLENTY, TABLE, {}, ["pieces"]),
        (ENOUGH, TABLE, {"model": "linear"}, []),
        (ENOUGH, Shape(image=(1, 8, 8)), {}, []),
        (ENOUGH, TABLE, {"pieces": 0}, ["decay"]),
        (ENOUGH, TABLE, {"width": 128}, ["pieces"]),
        (ENOUGH, TABLE, {"dropout": 0.1, "pieces": 4}, []),
    ],
)
def test_what_is_tried_follows_from_the_table_and_from_what_is_set_by_hand(
    rows, shape, hand, names
):
    recipe = of(rows, shape, **hand)
    found = alternatives(recipe, rows, shape)
    assert [each.name for each in found] == names
    for each in found:
        for name, value in each.values.items():
            assert f"; {value} if that is measured better" in recipe.reasons[name]


def test_the_net_under_decay_is_twice_as_wide():
    recipe = of(ENOUGH)
    _, decay = alternatives(recipe, ENOUGH, TABLE)
    assert decay.values == {"weight_decay": DECAY, "width": 2 * recipe.width, "dropout": DROPOUT}
    assert decay.said() == f"weight_decay 2.0, width {2 * recipe.width}, dropout 0.2"


LEARNT = {"batch_size": 128, "learning_rate": 0.02, "epochs": 15, "patience": 15, "pieces": 0}


def waves(values, draw):
    return np.sin(2 * values[:, 0]) + values[:, 1] * values[:, 2]


def noise(values, draw):
    return 0.5 * values[:, 0] + 2 * draw.normal(size=len(values))


@pytest.mark.parametrize(("targets", "kept"), [(waves, DECAY), (noise, 0.01)])
def test_decay_is_kept_only_where_it_is_better(targets, kept):
    draw = np.random.default_rng(0)
    values = draw.normal(size=(1400, 12))
    examples = Examples(Arrays(values), "values", targets(values, draw))
    ready = fitting.prepared(examples, hand=LEARNT)
    found = fitting._best(ready, fitting.How(name="net")).recipe
    assert found.weight_decay == kept
    assert found.width == (256 if kept == DECAY else 128)
    assert f"with weight_decay {DECAY}, width 256" in found.reasons["dropout"]


def test_the_rate_of_an_alternative_is_measured_for_it(monkeypatch):
    measured = []
    real = fitting.measured_rate

    def counted(ready, recipe, model=None):
        measured.append((recipe.weight_decay, recipe.learning_rate))
        return real(ready, recipe, model)

    monkeypatch.setattr(fitting, "measured_rate", counted)
    draw = np.random.default_rng(0)
    values = draw.normal(size=(1400, 3))
    examples = Examples(Arrays(values), "values", waves(values, draw))
    hand = {"epochs": 1, "pieces": 0}
    fitting._best(fitting.prepared(examples, hand=hand), fitting.How(name="net"))
    assert measured == [(0.01, 0.0), (DECAY, 0.0)]


def test_alternatives_are_said_in_words():
    assert Alternative("pieces", {"pieces": PIECES}).said() == "pieces 16"
