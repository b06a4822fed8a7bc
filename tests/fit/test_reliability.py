import pytest
import torch

from unstuck.charts import svg
from unstuck.fit.reliability import groups_of, picture, plain


def test_groups_hold_as_many_rows_each_and_say_what_came_true():
    probabilities = torch.linspace(0, 1, 200)
    groups = groups_of(probabilities, torch.arange(200) >= 100)
    assert [each.rows for each in groups] == [20] * 10
    assert [each.came_true for each in groups] == [0.0] * 5 + [1.0] * 5
    assert all(each.low <= each.came_true <= each.high for each in groups)


def test_an_interval_is_not_empty_where_all_came_true():
    [group] = groups_of(torch.ones(15), torch.ones(15))
    assert (round(group.low, 3), group.high) == (0.796, 1.0)  # Wilson 1927


@pytest.mark.parametrize("rows", [1, 9, 25])
def test_few_rows_make_few_groups(rows):
    groups = groups_of(torch.rand(rows), torch.ones(rows))
    assert sum(each.rows for each in groups) == rows
    assert min(each.rows for each in groups) >= min(rows, 10)


def test_the_picture_can_be_drawn():
    groups = groups_of(torch.rand(100), torch.rand(100) > 0.5)
    assert svg(picture(plain(groups))).startswith("<svg")
