"""What every family of nets keeps to, and what each is for."""

import math

import pytest
import torch
from torch import nn

from unstuck.errors import UsageError
from unstuck.fit import models
from unstuck.fit.encoders import Shape
from unstuck.fit.loop import optimizer_of
from unstuck.fit.models._augment import mirrored, shifted
from unstuck.fit.models.cnn import Block, stages_of
from unstuck.fit.recipe import Recipe
from unstuck.fit.task import Task

TASK = Task("multi-class", ("a", "b", "c"), "")
IMAGE = Shape(image=(3, 12, 20))
TABLE = Shape(numbers=4, codes=(3, 7))


def inputs_of(shape, rows=6):
    draw = torch.Generator().manual_seed(0)
    if shape.image:
        return [torch.randn(rows, *shape.image, generator=draw)]
    codes = [torch.randint(count, (rows, 1), generator=draw) for count in shape.codes]
    numbers = torch.randn(rows, shape.numbers, generator=draw)
    return [numbers, torch.cat(codes, 1)] if codes else [numbers]


def net(shape=IMAGE, **values):
    return models.built(Recipe(**{"model": "cnn", "width": 8, "depth": 1, **values}), shape, TASK)


FAMILIES = [
    ("linear", TABLE, "none"), ("linear", IMAGE, "none"), ("mlp", TABLE, "layer"),
    ("mlp", IMAGE, "none"), ("mlp", Shape(numbers=5), "batch"), ("cnn", IMAGE, "batch"),
    ("cnn", IMAGE, "group"), ("cnn", IMAGE, "layer"), ("cnn", IMAGE, "none"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "shape", "normalisation"), FAMILIES)
def test_a_net_gives_one_output_a_class_and_all_of_it_learns(name, shape, normalisation):
    model = net(shape, model=name, normalisation=normalisation)
    optimizer = optimizer_of(model, Recipe(learning_rate=0.01))
    for _ in range(3):  # zeros at the start let gradients through one after the other
        model.zero_grad()
        outputs = model(*inputs_of(shape))
        nn.functional.cross_entropy(outputs, torch.arange(6) % 3).backward()
        optimizer.step()
    assert outputs.shape == (6, 3)
    # BatchNorm's mean takes no gradient from a bias before it; there is none.
    assert all(each.grad is not None and each.grad.abs().max() > 0 for each in model.parameters())


@pytest.mark.parametrize(("name", "shape", "normalisation"), FAMILIES)
def test_a_seed_gives_a_net_and_disturbs_no_draw(name, shape, normalisation):
    torch.manual_seed(5)
    one, two, other = (
        net(shape, model=name, normalisation=normalisation, seed=each) for each in (1, 1, 2)
    )
    drawn = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(drawn, torch.rand(1))
    states = [torch.cat([p.flatten() for p in each.parameters()]) for each in (one, two, other)]
    assert torch.equal(states[0], states[1])
    assert name == "linear" or not torch.equal(states[0], states[2])


def test_families_are_found_by_their_files():
    assert models.families() == ("backbone", "cnn", "linear", "mlp", "own")


@pytest.mark.parametrize("name", ["_entry", "nonsense", "", "../x"])
def test_an_unknown_family_is_refused(name):
    with pytest.raises(UsageError, match="there is no model"):
        net(model=name)


def test_convolutions_need_images():
    with pytest.raises(UsageError, match="the model cnn needs images"):
        net(TABLE)


@pytest.mark.parametrize("normalisation", ["batch", "group", "layer", "none"])
def test_a_block_begins_as_the_identity(normalisation):
    images = torch.rand(4, 8, 6, 6)
    assert torch.allclose(Block(8, 8, 1, normalisation)(images), images)


@pytest.mark.parametrize(
    ("side", "stages"), [(1, 1), (4, 1), (8, 2), (16, 3), (32, 4), (64, 4), (224, 4)]
)
def test_there_are_as_many_stages_as_the_images_allow(side, stages):
    assert stages_of(side) == stages


@pytest.mark.parametrize("size", [(1, 1, 1), (3, 4, 64), (1, 9, 5), (3, 33, 65)])
def test_any_size_of_image_will_do(size):
    model = net(Shape(image=size), normalisation="group")
    assert model(torch.zeros(2, *size)).shape == (2, 3)


def test_a_net_of_group_normalisation_does_not_depend_on_the_batch():
    model, images = net(normalisation="group"), inputs_of(IMAGE)[0]
    assert torch.allclose(model(images)[:1], model(images[:1]), atol=1e-5)


def test_averaging_over_places_forgets_where_a_pattern_was():
    model = net(Shape(image=(1, 16, 16)), normalisation="none").eval()
    images = torch.zeros(2, 1, 16, 16)
    images[0, 0, 3:7, 4:8] = images[1, 0, 3:7, 4:8] = torch.rand(4, 4)
    images[1] = images[1].roll(4, 1)  # whole steps of all strides
    assert torch.allclose(*model(images), atol=1e-5)


def test_the_output_begins_at_the_prior():
    model = net()
    models.start_at(model, [0.1, 0.2, 0.3])
    assert torch.equal(model.head.bias, torch.tensor([0.1, 0.2, 0.3]))


def test_a_net_without_a_fitting_last_layer_begins_as_it_is():
    for model in (nn.Conv2d(1, 1, 1), nn.Linear(2, 3, bias=False), nn.Linear(2, 7)):
        before = [each.clone() for each in model.parameters()]
        models.start_at(model, [0.1, 0.2, 0.3])
        assert all(map(torch.equal, before, model.parameters()))


def test_nothing_decays_biases_and_norms():
    model = net()
    decayed, others = models.groups(model, Recipe(weight_decay=0.1))
    assert {p.ndim for p in decayed["params"]} == {2, 4}
    assert {p.ndim for p in others["params"]} == {1}
    assert (decayed["weight_decay"], others["weight_decay"]) == (0.1, 0)
    assert len(decayed["params"]) + len(others["params"]) == len(list(model.parameters()))


def test_a_fine_tuned_body_goes_at_a_tenth_of_the_rate():
    recipe = Recipe(model="cnn", width=8, depth=1, transfer="fine-tuned", learning_rate=0.5)
    model = models.built(recipe, IMAGE, TASK)
    rates = {
        id(p): group["lr"]
        for group in optimizer_of(model, recipe).param_groups
        for p in group["params"]
    }
    assert {rates[id(p)] for p in model.body.parameters()} == {0.05}
    assert {rates[id(p)] for p in model.head.parameters()} == {0.5}


def test_a_frozen_body_stays_as_it_is_with_its_statistics():
    recipe = Recipe(
        model="cnn", width=8, depth=1, normalisation="batch", transfer="frozen", learning_rate=0.1
    )
    model = models.built(recipe, IMAGE, TASK).train()
    before = {name: each.clone() for name, each in model.body.state_dict().items()}
    optimizer = optimizer_of(model, recipe)
    model(inputs_of(IMAGE)[0]).square().sum().backward()
    optimizer.step()
    assert all(torch.equal(each, before[name]) for name, each in model.body.state_dict().items())
    assert model.head.training
    assert len([p for group in optimizer.param_groups for p in group["params"]]) == 2


def test_a_fine_tuned_body_trains_but_for_its_statistics():
    recipe = Recipe(model="cnn", width=8, depth=1, normalisation="batch", transfer="fine-tuned")
    model = models.built(recipe, IMAGE, TASK).train()
    before = {name: each.clone() for name, each in model.body.named_buffers()}
    model(inputs_of(IMAGE)[0]).square().sum().backward()
    assert before
    assert all(torch.equal(each, before[name]) for name, each in model.body.named_buffers())
    assert all(each.requires_grad for each in model.body.parameters())


def test_images_are_moved_in_training_only():
    model = net(augment="shift and flip", normalisation="none")
    images = inputs_of(IMAGE)[0]
    assert not torch.equal(model.augment(images), images)
    model.eval()
    assert model.augment(images) is images


def test_a_moved_image_is_the_image_elsewhere():
    torch.manual_seed(0)
    images = torch.zeros(200, 2, 16, 24)
    images[:, 1, 8, 12] = 1
    moved = shifted(images)
    assert moved.shape == images.shape
    assert moved[:, 0].abs().max() == 0
    places = moved[:, 1].nonzero()
    assert len(places) == 200
    assert set((places[:, 1] - 8).tolist()) == set(range(-2, 3))
    assert set((places[:, 2] - 12).tolist()) == set(range(-3, 4))


def test_what_comes_in_repeats_the_border():
    images = torch.arange(16.0).expand(50, 1, 16, 16)  # the same in all rows, rising to the right
    moved = shifted(images)
    assert moved.min() == 0
    assert moved.max() == 15
    assert (moved.diff(dim=3) >= 0).all()


def test_every_second_image_is_mirrored():
    torch.manual_seed(0)
    images = torch.arange(6.0).expand(400, 1, 4, 6)
    turned = mirrored(images)[:, 0, 0, 0] == 5
    assert math.isclose(turned.float().mean(), 0.5, abs_tol=0.1)
    assert torch.equal(mirrored(images)[:, 0, 0].sort().values, images[:, 0, 0])


def test_a_moved_grey_image_lies_in_memory_as_any_other():
    """One channel last lies as one in front, but crashed convolutions of 4 channels."""
    assert shifted(torch.zeros(5, 1, 8, 8)).stride() == (64, 64, 8, 1)
