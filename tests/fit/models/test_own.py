"""Nets that a person wrote."""

import sys
import textwrap

import numpy as np
import pytest
import torch

from unstuck.errors import BadData, UsageError
from unstuck.fit import models
from unstuck.fit.encoders import Shape, encoder_of
from unstuck.fit.examples import Arrays
from unstuck.fit.fitted import Fitted, load_fitted
from unstuck.fit.recipe import Recipe
from unstuck.fit.task import Task

NETS = """
    import torch
    from torch import nn

    def plain():
        return nn.Linear(4, 3)

    class Net(nn.Sequential):
        def __init__(self, inputs, outputs, wide=7, **others):
            super().__init__(nn.Flatten(), nn.Linear(inputs, wide), nn.Linear(wide, outputs))

    def sized(channels, height, width, outputs, recipe):
        assert recipe.seed == 0
        return nn.Sequential(nn.Flatten(), nn.Linear(channels * height * width, outputs))

    class Codes(nn.Module):
        def __init__(self, codes, outputs):
            super().__init__()
            self.embed = nn.Embedding(codes[0], outputs)
        def forward(self, numbers, codes):
            return self.embed(codes[:, 0]) + numbers.sum()

    def asks(depth_of_snow):
        return nn.Linear(4, 3)

    def gives_text():
        return "net"

    def too_many():
        return nn.Linear(4, 5)

    def gives_pairs():
        class Pairs(nn.Module):
            def forward(self, inputs):
                return inputs, inputs
        return Pairs()

    def fails():
        raise ZeroDivisionError("of theirs")

    number = 3
"""


@pytest.fixture
def nets(tmp_path, monkeypatch):
    (tmp_path / "nets_of_mine.py").write_text(textwrap.dedent(NETS))
    (tmp_path / "broken_import.py").write_text("import not_there_at_all\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield "nets_of_mine"
    sys.modules.pop("nets_of_mine", None)


TASK = Task("multi-class", ("a", "b", "c"), "")


def built(name, shape=Shape(numbers=4)):
    return models.built(Recipe(model=name), shape, TASK)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("plain", Shape(numbers=4)),
        ("Net", Shape(numbers=4)),
        ("Net", Shape(image=(3, 5, 4))),
        ("sized", Shape(image=(3, 5, 4))),
        ("Codes", Shape(numbers=2, codes=(9,))),
    ],
)
def test_a_factory_is_given_what_it_asks_for(nets, name, shape):
    assert isinstance(built(f"{nets}:{name}", shape), torch.nn.Module)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nets_of_mine:asks", "asks for depth_of_snow"),
        ("nets_of_mine:gives_text", "gives a str"),
        ("nets_of_mine:too_many", r"gives \(2, 5\) for 2 examples, not \(2, 3\)"),
        ("nets_of_mine:gives_pairs", "gives tuple for 2 examples"),
        ("nets_of_mine:absent", "has no function or class absent"),
        ("nets_of_mine:number", "has no function or class number"),
        ("nowhere:net", "there is no module nowhere"),
        ("nowhere.deep:net", "there is no module nowhere.deep"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(nets, name, message):
    with pytest.raises(UsageError, match=message):
        built(name)


def test_errors_of_their_code_come_through_as_they_are(nets):
    with pytest.raises(ZeroDivisionError, match="of theirs"):
        built(f"{nets}:fails")
    with pytest.raises(ModuleNotFoundError, match="not_there_at_all"):
        built("broken_import:net")


def test_a_saved_model_runs_no_code_unless_it_is_named(nets, tmp_path):
    name = f"{nets}:plain"
    encoder = encoder_of(Arrays(np.eye(4)), np.arange(4))
    model = Fitted(built(name), Recipe(model=name), TASK, encoder, (1,) * 3)
    model.save(tmp_path / "model")
    with pytest.raises(BadData, match="is made by nets_of_mine:plain, which is code"):
        load_fitted(tmp_path / "model")
    with pytest.raises(BadData, match="which is code"):
        load_fitted(tmp_path / "model", "other:net")
    again = load_fitted(tmp_path / "model", name)
    assert torch.equal(again.model.weight, model.model.weight)
