"""What the recipe of a table says of members, and why."""

import pytest

from unstuck.fit.choose import MANY, SCARCE, Known, recipe_for
from unstuck.fit.encoders import Shape
from unstuck.fit.task import Task

TASK = Task("regression", ("y",), "")
TABLE = Shape(numbers=5, codes=(3,))


@pytest.fixture(scope="module", autouse=True)
def alone():
    """Here it is counted how many they are."""


def of(rows, shape=TABLE, **hand):
    return recipe_for(Known(rows, shape, TASK), 0, hand)


@pytest.mark.parametrize(
    ("rows", "members"), [(10, 8), (SCARCE - 1, 8), (SCARCE, 5), (MANY - 1, 5), (MANY, 1)]
)
def test_the_scarcer_the_rows_the_more_nets_share_them(rows, members):
    recipe = of(rows)
    assert recipe.members == of(rows, model="linear").members == members
    assert ("steadier" in recipe.reasons["members"]) == (members > 1)


def test_nets_of_images_and_ones_own_are_trained_alone():
    for recipe in (of(500, Shape(image=(3, 32, 32))), of(500, model="mine:net")):
        assert recipe.members == 1
        assert "one" in recipe.reasons["members"]


def test_small_images_are_shared_by_some():
    small = Shape(image=(1, 8, 8))
    assert of(500, small).members == of(500, small, model="cnn").members == 3
    assert of(5000, small).members == 1


def test_what_is_set_by_hand_stays():
    recipe = of(500, members=3, pieces=4)
    assert (recipe.members, recipe.pieces) == (3, 4)
    assert recipe.reasons["members"] == recipe.reasons["pieces"] == "as the recipe's file says"
