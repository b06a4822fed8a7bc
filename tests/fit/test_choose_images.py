"""What a recipe says of images, and why."""

import pytest
import torch

from unstuck.fit.choose import Known, recipe_for
from unstuck.fit.encoders import Shape
from unstuck.fit.fitting import baseline
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
    bare = {"backbone", "weights", "momentum", "learning_rate"}
    values = set(found.plain()) - {"reasons"} - bare
    assert values <= set(found.reasons)


@pytest.mark.parametrize(
    ("rows", "width", "depth"), [(100, 16, 1), (10_000, 32, 1), (90_000, 64, 2)]
)
def test_more_images_bear_a_larger_net(rows, width, depth):
    found = recipe(rows)
    assert (found.width, found.depth) == (width, depth)


@pytest.fixture
def gpu(monkeypatch):
    """One that computes in bfloat16, or not."""

    def put(bfloat16):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **how: bfloat16)

    return put


def test_a_cpu_computes_in_single_precision(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    found = recipe(90_000)
    assert (found.precision, found.reasons["precision"]) == (
        "float32", "a CPU is no faster with fewer bits",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "image", "bfloat16", "precision", "why"),
    [
        (10_000, (3, 32, 48), True, "bfloat16", "stay in float32"),
        (10_000, (3, 32, 48), False, "float32", "computes no bfloat16"),
        (100, (3, 32, 48), True, "float32", "so small a net"),
        (10_000, None, True, "float32", "so small a net"),
    ],
)
def test_a_gpu_takes_half_the_bits_for_large_nets_of_images(
    gpu, rows, image, bfloat16, precision, why
):
    gpu(bfloat16)
    found = recipe(rows, image)
    assert found.precision == precision
    assert why in found.reasons["precision"]
    assert baseline(found).precision == "float32"


def test_a_precision_set_by_hand_stays(gpu):
    gpu(True)
    found = recipe(10_000, precision="float32")
    assert (found.precision, found.reasons["precision"]) == ("float32", HAND)


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
