"""Rows kept back: the same in every replay, about a quarter, told by their contents alone."""

import pytest
import torch

from unstuck.trials.rows import Rows, spread


@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.uint8, torch.bool]
)
def test_the_same_rows_whatever_their_order(dtype):
    data = torch.arange(200 * 7).reshape(200, 7) * 37 % 251
    data = (data % 2 == 0) if dtype is torch.bool else data.to(dtype)
    order = torch.randperm(200, generator=torch.Generator().manual_seed(0))
    first = Rows().numbers((data,))
    mixed = Rows().numbers((data[order],))
    assert torch.equal(first[order], mixed)


def test_about_a_quarter_is_kept_back():
    back = Rows().kept_back(Rows().numbers(torch.randn(4000, 5)))
    assert 0.22 < float(back.float().mean()) < 0.28


def test_other_widths_do_not_move_what_is_known():
    rows = Rows()
    narrow = torch.randn(50, 3)
    before = rows.numbers(narrow)
    rows.numbers(torch.randn(10, 40))
    assert torch.equal(before, rows.numbers(narrow))


def test_small_batches_stay_whole():
    rows = Rows()
    assert rows.kept_back(rows.numbers(torch.randn(3, 5))) is None


def test_copies_of_one_row_stay_together():
    rows = Rows()
    assert rows.kept_back(rows.numbers(torch.ones(32, 5))) is None


def test_rows_seen_before_are_not_fresh():
    rows, data = Rows(), torch.randn(40, 3)
    assert rows.fresh(rows.numbers(data[:20])) == 1
    assert rows.fresh(rows.numbers(data[10:30])) == 0.5
    assert rows.fresh(rows.numbers(data)) == 0.25


def test_the_first_tensor_with_rows_is_asked():
    rows, data = Rows(), torch.randn(8, 2)
    given = (torch.tensor(3.0), {"mask": None, "x": [data]})
    assert torch.equal(rows.numbers(given), rows.numbers(data))
    assert rows.numbers((None, torch.tensor(1.0))) is None


def test_several_predictions_for_each_row():
    back = torch.tensor([True, False])
    assert spread(back, 6).tolist() == [True] * 3 + [False] * 3
    assert spread(back, 5) is None
