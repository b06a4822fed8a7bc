"""Rows that are held out: each from the training of one fold."""

import numpy as np
import pytest

from unstuck.errors import BadData
from unstuck.fit.split import Split, folds, held_out

REST = np.delete(np.arange(120), [0, 7, 50, 119])
STRATA = np.arange(120) % 3 // 2  # a third of the rows


def dealt(members, strata=STRATA, seed=0, rest=REST):
    return folds(rest, strata, 10, members, seed)


@pytest.mark.parametrize("members", [2, 5, 8])
@pytest.mark.parametrize("strata", [None, STRATA], ids=["quantities", "classes"])
def test_each_row_of_the_rest_is_held_out_once(members, strata):
    found = dealt(members, strata)
    held = np.concatenate([each.validation for each in found])
    assert len(found) == members
    assert sorted(held) == REST.tolist()
    for each in found:
        assert np.union1d(each.training, each.validation).tolist() == REST.tolist()
        assert not set(each.training) & set(each.validation)
        assert (np.diff(each.validation) > 0).all()
    sizes = [len(each.validation) for each in found]
    assert max(sizes) - min(sizes) <= 1


def test_classes_are_alike_in_each_fold():
    rare = [STRATA[each.validation].sum() for each in dealt(8)]
    assert max(rare) - min(rare) <= 1


def test_rows_are_drawn_and_not_dealt_as_they_stand():
    first = dealt(2, None)[0].validation
    assert first.tolist() != REST[::2].tolist()
    assert (np.diff(first) == 1).any()


def test_a_seed_gives_the_same_folds_and_another_gives_others():
    for one, two, other in zip(dealt(5), dealt(5), dealt(5, seed=1), strict=True):
        assert np.array_equal(one.validation, two.validation)
        assert not np.array_equal(one.validation, other.validation)


def test_a_class_of_two_rows_is_in_the_training_of_each_fold():
    strata = np.zeros(120, dtype=int)
    strata[[3, 4]] = 1
    found = dealt(8, strata)
    assert [strata[each.training].sum() for each in found].count(1) == 2
    assert min(strata[each.training].sum() for each in found) == 1


def test_one_net_has_one_fold_with_as_many_rows_to_choose_by_as_asked():
    [alone] = dealt(1)
    assert (len(alone.validation), len(alone.training)) == (10, 106)
    assert STRATA[alone.validation].mean() == pytest.approx(1 / 3, abs=0.1)


def test_what_is_said_counts_each_row_once():
    rest, test = held_out(100, None, 0)
    assert Split(folds(rest, None, 15, 1, 0), test).said() == (
        "70 to train on, 15 to choose by, 15 to judge by"
    )
    several = Split(folds(rest, None, 15, 5, 0), test)
    assert several.said() == "85 to train on and choose by in 5 folds, 15 to judge by"
    assert several.counts() == (85, 85, 15)
    assert several.rest.tolist() == rest.tolist()


def test_more_members_than_rows_are_refused():
    with pytest.raises(BadData, match="8 rows are too few for 9 members"):
        folds(np.arange(8), None, 2, 9, 0)
