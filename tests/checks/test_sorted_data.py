import pytest

from unstuck.checks import NotChecked, diagnose
from unstuck.checks.sorted_data import sorted_data

from .sample import data, facts, loader, numbers, optimizer, place, target

SEQUENTIAL = loader(sampler="SequentialSampler")


def found(*targets, loaders=(), **families):
    return sorted_data(facts(targets=list(targets), data=data(*loaders), **families))


def test_fires_on_classes_in_runs():
    [finding] = found(target(separation=0.97))
    assert finding.severity == "warning"
    assert finding.message == (
        "the classes come in runs: in 200 groups of samples in the order of training the classes are 97% "
        "separated, while 10 classes were seen"
    )


def test_points_at_the_loader_that_does_not_shuffle():
    [finding] = found(target(separation=0.97), loaders=[SEQUENTIAL])
    assert str(finding.location) == "train.py:9"


def test_fires_while_only_one_class_has_come():
    alone = target(counts=[6400] + [0] * 9, separation=None)
    [finding] = found(alone, loaders=[SEQUENTIAL])
    assert finding.message.startswith("all 6400 samples so far are of class 0 of 10")
    assert found(alone, loaders=[loader()]) == []
    assert found(alone) == []


def test_fires_on_numbers_in_order():
    [finding] = found(numbers(between=0.99, ascending=1.0))
    assert finding.severity == "warning"


def test_windows_of_a_time_series_in_order_are_a_note():
    series = numbers(between=0.85, ascending=0.6)
    [finding] = found(series, loaders=[SEQUENTIAL])
    assert finding.severity == "note"
    assert found(series) == []


@pytest.mark.parametrize("separation", [0.0, 0.02, 0.45, 0.54, None])
def test_stays_quiet_on_mixed_classes_and_adversaries(separation):
    assert found(target(separation=separation)) == []


def test_stays_quiet_on_shuffled_numbers_and_on_sorted_whole_data():
    assert found(numbers()) == []
    assert found(numbers(between=0.0, ascending=1.0)) == []


def test_several_optimizers_decide_nothing():
    with pytest.raises(NotChecked, match="take turns"):
        found(target(separation=1.0), optimizers=[optimizer(), optimizer()])


def test_few_groups_decide_nothing():
    with pytest.raises(NotChecked, match="fewer than 8"):
        found(target(separation=1.0, windows=7))


def test_targets_made_by_a_network_and_pixels_are_not_judged():
    with pytest.raises(NotChecked):
        found(target(separation=1.0, made=True))
    with pytest.raises(NotChecked):
        found(target(separation=1.0, shape=[8, 64, 64]))


def test_a_comment_says_that_classes_come_one_by_one_on_purpose():
    here = place(code="loss = f(model(x), y)  # unstuck: ignore[sorted-data]")
    given = facts(targets=[target(separation=1.0, place=here)])
    assert (diagnose(given).findings, len(diagnose(given).ignored)) == ((), 1)
