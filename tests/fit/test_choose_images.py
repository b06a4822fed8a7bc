"""What a recipe says of images, and why."""

import pytest

from unstuck.fit.choose import Known, recipe_for
from unstuck.fit.encoders import Shape
from unstuck.fit.recipe import HAND
from unstuck.fit.task import Task


def recipe(rows=1000, image=(3, 32, 48), names=("cat", "dog", "mouse"), kind="multi-class", **hand):
    return recipe_for(Known(rows, Shape(image=image), Task(kind, names, "")), 0, hand)


def test_images_get_convolutions_of_their_size():
    found = recipe()
    assert (found.model, found.image_size, found.normalisation) == ("cnn", 48, "batch")
    assert found.reasons["image_size"].startswith("48 x 32 pixels")


def test_every_value_has_its_reason():
    found = recipe()
    bare = {"members", "backbone", "weights", "momentum", "learning_rate"}
    values = set(found.plain()) - {"reasons"} - bare
    assert values <= set(found.reasons)


@pytest.mark.parametrize(
    ("rows", "width", "depth"), [(100, 16, 1), (10_000, 32, 1), (90_000, 64, 2)]
)
def test_more_images_bear_a_larger_net(rows, width, depth):
    found = recipe(rows)
    assert (found.width, found.depth) == (width, depth)


def test_small_batches_are_normalised_in_groups():
    found = recipe(batch_size=4)
    assert (found.batch_size, found.normalisation) == (4, "group")
    assert found.reasons["batch_size"] == HAND
    assert "small" in found.reasons["normalisation"]


def test_what_the_person_sets_stays():
    found = recipe(normalisation="layer", augment="none", width=5)
    assert (found.normalisation, found.augment, found.width) == ("layer", "none", 5)


@pytest.mark.parametrize(
    ("known", "augment"),
    [
        ({}, "shift and flip"),
        ({"names": ("turn left", "turn right")}, "shift"),
        ({"image": (1, 8, 8)}, "shift"),
        ({"names": ("b", "d", "p")}, "shift"),
        ({"names": (0, 1, 2)}, "shift"),
        ({"kind": "regression", "names": ("angle",)}, "none"),
        ({"model": "mlp"}, "none"),
    ],
)
def test_images_are_moved_and_mirrored_where_that_changes_no_class(known, augment):
    found = recipe(**known)
    assert found.augment == augment
    assert found.reasons["augment"]


def test_a_table_has_nothing_of_images():
    found = recipe_for(Known(99, Shape(numbers=3), Task("binary", ("a", "b"), "")), 0)
    assert (found.model, found.image_size, found.augment) == ("mlp", 0, "none")


def test_a_fully_connected_net_can_be_had_for_images():
    found = recipe(model="mlp")
    assert (found.model, found.normalisation) == ("mlp", "layer")
