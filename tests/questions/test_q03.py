"""Symmetry breaking: what is said of a run."""

import pytest

from unstuck.questions import explain
from unstuck.records import Facts


def said(units, *shares):
    looks = [{"step": 16 * at, "weight": share} for at, share in enumerate(shares)]
    [line] = explain("q03").on(Facts({"units": [{"name": "fc", "units": units, "looks": looks}]}))
    return line


def test_the_first_unit_is_no_copy_of_itself():
    assert said(64, 1 / 64, 1 / 64) == (
        "of the 63 other units of fc, none had the weights of its first one at step 0, none at step 16"
    )


@pytest.mark.parametrize(
    ("units", "shares", "line"),
    [
        (32, (1.0, 3 / 32), "of the 31 other units of fc, 31 had"),
        (2, (0.5, 1.0), "of the 1 other unit of fc, none had"),
        (8, (0.0, 0.0), "of the 7 other units of fc, none had"),  # of NaN
    ],
)
def test_it_counts_copies(units, shares, line):
    assert said(units, *shares).startswith(line)


def test_it_tells_how_many_are_left():
    assert said(32, 1.0, 3 / 32).endswith("at step 0, 2 at step 16")
