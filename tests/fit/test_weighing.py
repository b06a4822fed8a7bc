import pytest
import torch

from unstuck.fit import thresholds
from unstuck.fit.task import Task
from unstuck.fit.weighing import correction, gain, weights_of

BINARY = Task("binary", ("no", "yes"), "as the test says")
THREE = Task("multi-class", ("a", "b", "c"), "as the test says")


def test_weights_let_the_classes_weigh_alike():
    targets = torch.tensor([[0.0]] * 90 + [[1.0]] * 10)
    assert weights_of(BINARY, targets).tolist() == pytest.approx([9.0])
    classes = torch.tensor([0] * 6 + [1] * 3 + [2])
    weights = weights_of(THREE, classes)
    assert (weights * classes.bincount()).tolist() == pytest.approx([10 / 3] * 3)


def test_corrected_odds_are_those_of_the_rows():
    # A net without inputs, trained with weights, learns the weighted share: its optimum is known.
    targets = torch.tensor([[0.0]] * 95 + [[1.0]] * 5)
    weights = weights_of(BINARY, targets)
    logit = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.LBFGS([logit], max_iter=100)

    def loss():
        optimizer.zero_grad()
        value = torch.nn.functional.binary_cross_entropy_with_logits(
            logit.expand_as(targets), targets, pos_weight=weights
        )
        value.backward()
        return value

    optimizer.step(loss)
    assert float(logit.detach().sigmoid()) == pytest.approx(0.5, abs=1e-3)
    corrected = logit.detach() + torch.tensor(correction(weights))
    assert float(corrected.sigmoid()) == pytest.approx(0.05, abs=1e-3)


def test_corrected_shares_of_several_classes_are_those_of_the_rows():
    classes = torch.tensor([0] * 70 + [1] * 25 + [2] * 5)
    weighted = (weights_of(THREE, classes) * classes.bincount()).log()
    corrected = (weighted + torch.tensor(correction(weights_of(THREE, classes)))).softmax(0)
    assert corrected.tolist() == pytest.approx([0.7, 0.25, 0.05])


def test_a_gain_weighs_classes_not_rows():
    classes = torch.tensor([0] * 98 + [1] * 2)
    never, always = classes == 0, torch.ones(100, dtype=torch.bool)
    better, error = gain(always, never, classes)
    assert (better, error) == (0.5, 0.0)
    assert gain(never, always, classes) == (-0.5, 0.0)
    assert gain(never, never, classes) == (0.0, 0.0)


def test_a_gain_in_one_of_three_rare_rows_is_within_its_error():
    classes = torch.tensor([0] * 97 + [1] * 3)
    one = (classes == 0) | (torch.arange(100) == 99)
    better, error = gain(one, classes == 0, classes)
    assert 0 < better <= error * 1.5


def test_among_few_positive_rows_the_threshold_is_their_share():
    draw = torch.Generator().manual_seed(0)
    positive = torch.rand(200, generator=draw)
    targets = torch.zeros(200, dtype=torch.long)
    targets[:3] = 1
    found = thresholds.of_binary(torch.stack([1 - positive, positive], 1), targets)
    assert found == pytest.approx((0.015,))


def test_a_threshold_that_is_clearly_better_is_moved():
    # Ranked perfectly, but all probabilities are far too high.
    positive = torch.cat([torch.linspace(0.5, 0.7, 180), torch.linspace(0.8, 0.9, 20)])
    targets = (torch.arange(200) >= 180).long()
    [threshold] = thresholds.of_binary(torch.stack([1 - positive, positive], 1), targets)
    assert 0.7 < threshold < 0.8


def of_classes(counts, right):
    """Probabilities of rows whose class is the likeliest in all but some of the rarest class."""
    targets = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    given = torch.full((len(targets), len(counts)), 0.02)
    given[torch.arange(len(targets)), targets] = 0.9
    rarest = (targets == len(counts) - 1).nonzero()[right:, 0]
    given[rarest, 0], given[rarest, -1] = 0.55, 0.41
    return given / given.sum(1, keepdim=True), targets


def test_thresholds_of_classes_are_their_shares_where_that_finds_more_of_them():
    found = thresholds.of_classes(*of_classes([300, 80, 20], right=4))
    assert found == pytest.approx((0.75, 0.2, 0.05))


def test_a_class_too_rare_to_choose_by_is_taken_for_ten_rows():
    given, targets = of_classes([300, 80, 20, 3], right=4)
    given[targets == 2] = given[targets == 2].roll(1, 0)
    given[380:396, 0], given[380:396, 2] = 0.55, 0.41
    *_, threshold = thresholds.of_classes(given, targets)
    assert threshold == pytest.approx(10 / 403)


def test_nothing_is_moved_where_the_likeliest_class_is_as_good():
    assert thresholds.of_classes(*of_classes([300, 80, 3], right=3)) == (1.0, 1.0, 1.0)
