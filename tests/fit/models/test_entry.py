"""How numbers enter in pieces: reckoned by hand."""

import pytest
import torch

from unstuck.fit import models
from unstuck.fit.encoders import Shape
from unstuck.fit.models._entry import Entry, Pieces
from unstuck.fit.recipe import Recipe
from unstuck.fit.task import Task


def cut(*rows, pieces=2):
    made = Pieces(len(rows[0]), pieces)
    made.cut(torch.tensor(rows))
    return made


def test_edges_are_quantiles_and_a_number_passes_through_its_pieces():
    made = cut([0.0], [4.0], [1.0], [2.0], [10.0], pieces=4)
    assert made.edges.tolist() == [[0.0, 1.0, 2.0, 4.0, 10.0]]
    found = made(torch.tensor([[0.0], [0.25], [1.0], [3.0], [5.5], [10.0]]))
    assert found.tolist() == [
        [0.0, 0.0, 0.0, 0.0],
        [0.25, 0.0, 0.0, 0.0],
        [1.0, 0.0, 0.0, 0.0],
        [1.0, 1.0, 0.5, 0.0],
        [1.0, 1.0, 1.0, 0.25],
        [1.0, 1.0, 1.0, 1.0],
    ]


def test_outside_of_what_was_seen_it_is_0_or_1():
    made = cut([0.0], [1.0], [2.0])
    assert made(torch.tensor([[-9.0], [9.0]])).tolist() == [[0.0, 0.0], [1.0, 1.0]]


def test_each_number_has_its_own_pieces_one_number_after_the_other():
    made = cut([0.0, 100.0], [1.0, 200.0], [2.0, 400.0])
    assert made(torch.tensor([[1.5, 150.0]])).tolist() == [[1.0, 0.5, 0.5, 0.0]]


def test_what_never_changes_says_nothing():
    made = cut([3.0, 0.0], [3.0, 1.0], [3.0, 2.0])
    assert made(torch.tensor([[3.0, 1.0], [-7.0, 1.0], [7.0, 1.0]]))[:, :2].abs().max() == 0


def test_a_mark_of_missing_values_stays_0_or_1():
    made = cut(*[[0.0]] * 9, [1.0], pieces=4)
    assert made(torch.tensor([[0.0], [1.0]])).tolist() == [[0.0] * 4, [0.0, 0.0, 0.0, 1.0]]
    often = cut(*[[0.0]] * 5, *[[1.0]] * 5, pieces=3)
    assert often(torch.tensor([[0.0], [1.0]])).tolist() == [[0.0] * 3, [0.0, 1.0, 0.0]]


def test_numbers_enter_as_they_are_and_in_pieces_before_codes():
    entry = Entry(Shape(numbers=2, codes=(3,)), one_hot=True, pieces=2)
    entry.pieces.cut(torch.tensor([[0.0, 0.0], [1.0, 2.0], [2.0, 4.0]]))
    found = entry(torch.tensor([[0.5, 3.0]]), torch.tensor([[2]]))
    assert found.tolist() == [[0.5, 3.0, 0.5, 0.0, 1.0, 0.5, 0.0, 0.0, 1.0]]
    assert entry.width == 9


def test_edges_are_kept_with_the_weights():
    recipe, task = Recipe(width=4, pieces=3), Task("regression", ("y",), "")
    one, two = (models.built(recipe, Shape(numbers=2), task) for _ in range(2))
    one.entry.pieces.cut(torch.rand(50, 2, generator=torch.Generator().manual_seed(0)))
    assert "entry.pieces.edges" in one.state_dict()
    two.load_state_dict(one.state_dict())
    assert torch.equal(one.entry.pieces.edges, two.entry.pieces.edges)


@pytest.mark.parametrize("rows", [7, 25_000])
def test_edges_are_placed_by_some_of_many_rows(rows):
    class Asked:
        def __len__(self):
            return rows

        def __getitems__(self, which):
            self.which = which
            return (torch.arange(rows, dtype=torch.float32)[which][:, None],), None

    model = models.built(
        Recipe(width=4, pieces=2), Shape(numbers=1), Task("regression", ("y",), "")
    )
    asked = Asked()
    models.cut(model, asked)
    assert len(asked.which) <= models.PLACED_BY
    assert model.entry.pieces.edges[0, 1] == pytest.approx((rows - 1) / 2, rel=0.01)
