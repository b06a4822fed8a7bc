import copy
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unstuck.charts import LINE, MARK, OTHER, TEXT
from unstuck.records import Facts
from unstuck.records.trials import Trials
from unstuck.report.pictures import trials as picture
from unstuck.report.pictures._choice import _drawn

from ...checks import random_facts  # noqa: F401 - registers how random records are drawn
from ..sample import CURED, EXCLUDED, LEFT_OUT, LOWER, PROVEN, REDRAW, SOFTMAX, run, trials


def drawn(made):
    return picture.draw(run(facts=Facts({"trials": made})))


def keys(made):
    return [(key.text, key.color) for key in drawn(made).keys]


def with_losses(arm, *seeds):
    """The proven trials where the arm has these losses."""
    made = copy.deepcopy(PROVEN)
    [found] = [each for each in made["arms"] if each["name"] == arm]
    found["losses"] = [[[float(i), value] for i, value in enumerate(seed)] for seed in seeds]
    return made


def curve(arm, *seeds):
    [found] = [c for c in picture._curves(with_losses(arm, *seeds)) if c.name == arm]
    return found


def test_unchanged_sham_and_winner_are_told_apart_and_the_others_are_grey():
    assert keys(PROVEN) == [
        ("lower learning rate (proven)", LINE),
        ("as the script is", OTHER),
        ("a change that should not matter", MARK),
        ("redraw initialisation", TEXT),
        ("median of 3 seeds, band from lowest to highest", ""),
    ]


def test_without_a_winner_all_changes_are_grey():
    assert ("lower learning rate, redraw initialisation", TEXT) in keys(EXCLUDED)
    assert LINE not in {color for _, color in keys(EXCLUDED)}


def test_a_pair_and_many_others_are_named_in_words():
    pair = LOWER | {"remedy": "lower-learning-rate+scale-inputs"}
    others = [REDRAW | {"remedy": f"change-{i}"} for i in range(5)]
    texts = [text for text, _ in keys(trials(pair, *others, winner=pair["remedy"]))]
    assert texts[0] == "lower learning rate and scale inputs (proven)"
    assert texts[3] == "change 0, change 1, change 2 and 2 more"


def test_the_line_is_the_median_of_the_seeds_and_the_band_their_range():
    assert curve("unchanged", [1.0, 5.0], [2.0, 7.0], [9.0, 6.0]).points == (
        (0, 1.0, 2.0, 9.0),
        (1, 5.0, 6.0, 7.0),
    )


def test_losses_that_are_not_finite_are_left_out_and_that_is_said():
    broken = curve("unchanged", [1.0, math.nan], [2.0, math.inf], [9.0, 1e301])
    assert broken.points == ((0, 1.0, 2.0, 9.0),)
    made = with_losses("unchanged", [1.0, math.nan], [2.0, 2.0])
    assert ("not drawn: losses that are NaN or too large to draw", "") in keys(made)
    assert "NaN" not in drawn(made).wide


def test_many_decades_are_drawn_on_a_logarithmic_scale():
    made = with_losses("unchanged", [2.3 * math.exp(i) for i in range(10)])
    assert keys(made)[-1][0].endswith("highest, logarithmic scale")
    assert [f">{n}<" in drawn(made).wide for n in (10, 100, 1000, 200)] == [True, True, True, False]


def test_a_grey_line_that_explodes_does_not_flatten_the_others():
    made = with_losses("redraw-initialisation", [2.3 * 10**i for i in range(30)])
    assert picture._domain(picture._curves(made)) == picture._domain(picture._curves(PROVEN))


def test_the_description_gives_the_numbers():
    made = with_losses("unchanged", [2.0, 1.0])
    assert "unchanged: from 2 to 1" in drawn(made).description
    assert drawn(made).description.startswith("Median loss of the replays")


@pytest.mark.parametrize("arms", [[], [PROVEN["arms"][1]]])
def test_without_the_two_that_matter_there_is_no_picture(arms):
    assert drawn(PROVEN | {"arms": arms}) is None


def test_it_is_the_picture_of_what_is_proven():
    assert picture.closeness(CURED) == 4
    assert picture.closeness(SOFTMAX) == 0
    assert picture.closeness(LEFT_OUT) == 0
    assert picture.closeness(LEFT_OUT.__class__("a cause", symptoms=(CURED,))) == 4


@settings(max_examples=20)
@given(st.from_type(Trials))
def test_any_trials_of_the_right_shape_are_drawn_or_left_out(made):
    _drawn(picture, run(facts=Facts({"trials": made})))
