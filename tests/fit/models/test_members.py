"""Several nets answer as one: with the mean of what each of them says."""

import pytest
import torch
from torch import nn

from unstuck.fit import models
from unstuck.fit.encoders import Shape
from unstuck.fit.models._members import Members
from unstuck.fit.recipe import Recipe
from unstuck.fit.task import Task

OUTPUTS = torch.tensor([[[2.0, -1.0, 0.0], [0.5, 0.0, 9.0]], [[-3.0, 1.0, 4.0], [0.5, 1.0, -9.0]]])


class Answer(nn.Module):
    """Gives these outputs whatever it is asked."""

    def __init__(self, outputs):
        super().__init__()
        self.outputs = outputs

    def forward(self, inputs):
        return self.outputs


def answered(loss, outputs=OUTPUTS):
    return Members(map(Answer, outputs), loss)(torch.zeros(2, 1))


def test_quantities_are_the_mean():
    assert torch.allclose(answered("squared error"), OUTPUTS.mean(0))


def test_probabilities_of_one_of_several_classes_are_the_mean():
    wanted = (OUTPUTS[0].softmax(1) + OUTPUTS[1].softmax(1)) / 2
    assert torch.allclose(answered("cross-entropy").exp(), wanted)


def test_probabilities_of_each_label_are_the_mean():
    wanted = (OUTPUTS[0].sigmoid() + OUTPUTS[1].sigmoid()) / 2
    assert torch.allclose(answered("binary cross-entropy").sigmoid(), wanted)


@pytest.mark.parametrize("loss", ["squared error", "cross-entropy", "binary cross-entropy"])
def test_sure_members_give_no_nan_and_equal_ones_their_own_answer(loss):
    sure = torch.tensor([[[200.0, -200.0]], [[-200.0, 200.0]], [[200.0, -200.0]]])
    assert answered(loss, sure).isfinite().all()
    assert torch.allclose(answered(loss, OUTPUTS[[0, 0]]).diff(dim=1), OUTPUTS[0].diff(dim=1))


@pytest.mark.parametrize("loss", ["squared error", "cross-entropy", "binary cross-entropy"])
def test_a_row_is_answered_alike_wherever_it_stands(loss):
    draw = torch.Generator().manual_seed(0)
    outputs = 3 * torch.randn(5, 203, 3, generator=draw)  # the last few are reckoned apart
    order = torch.randperm(203, generator=draw)
    assert torch.equal(answered(loss, outputs[:, order]), answered(loss, outputs)[order])


def test_a_recipe_has_as_many_nets_as_members():
    shape, task = Shape(numbers=5), Task("regression", ("y",), "")
    assert len(models.built(Recipe(members=3, width=4), shape, task).nets) == 3
    assert not isinstance(models.built(Recipe(width=4), shape, task), Members)
