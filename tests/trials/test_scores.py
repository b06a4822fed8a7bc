"""Scores against a slow, obvious second computation, and at their ends."""

import math

import pytest
import torch
from torch import Tensor

from unstuck.trials.scores import WORST, Predictions


def scored(function: str, *batches: tuple[Tensor, Tensor]) -> float | None:
    predictions = Predictions(function)
    for prediction, target in batches:
        predictions.add(prediction, target)
    return predictions.score()


def test_perfect_predictions_score_one():
    labels = torch.arange(60) % 3
    assert scored("cross_entropy", (100.0 * torch.eye(3)[labels], labels)) == pytest.approx(1)
    numbers = torch.randn(40, 2)
    assert scored("mse_loss", (numbers, numbers)) == pytest.approx(1)
    answers = (torch.arange(40) % 2).float()
    assert scored("binary_cross_entropy", (answers, answers)) == pytest.approx(1)


def test_a_constant_prediction_scores_zero():
    labels = torch.arange(60) % 3
    assert scored("cross_entropy", (torch.zeros(60, 3), labels)) == pytest.approx(0, abs=1e-6)
    numbers = torch.randn(40, 2)
    assert scored("l1_loss", (numbers.mean(0).expand(40, 2), numbers)) == pytest.approx(0, abs=1e-6)
    answers = (torch.arange(40) % 2).float()
    assert scored("binary_cross_entropy_with_logits", (torch.zeros(40), answers)) == pytest.approx(
        0, abs=1e-6
    )


def test_classes_count_alike_however_rare():
    """Ninety of a hundred are of one class; naming it always is worth nothing."""
    labels = torch.cat([torch.zeros(90), torch.ones(10)]).long()
    majority = torch.tensor([[3.0, -3.0]]).expand(100, 2)
    assert scored("cross_entropy", (majority, labels)) == WORST
    losses = torch.nn.functional.cross_entropy(majority, labels, reduction="none")
    balanced = (losses[:90].mean() + losses[90:].mean()) / 2
    assert 1 - float(balanced) / math.log(2) < WORST


def test_many_classes_with_few_rows_are_averaged_plainly():
    labels = torch.arange(40)
    logits = 2.0 * torch.eye(40)
    entropy = math.log(40)
    expected = 1 - float(torch.nn.functional.cross_entropy(logits, labels)) / entropy
    assert scored("cross_entropy", (logits, labels)) == pytest.approx(expected, rel=1e-5)


def test_probabilities_are_taken_for_what_they_are():
    """What a softmax gives says the same of each class as its logits do."""
    logits, labels = torch.randn(50, 4), torch.arange(50) % 4
    of_logits = scored("cross_entropy", (logits, labels))
    assert scored("cross_entropy", (logits.softmax(1), labels)) == pytest.approx(
        of_logits, abs=1e-5
    )
    assert scored("nll_loss", (logits.log_softmax(1), labels)) == pytest.approx(of_logits, abs=1e-5)


def test_targets_in_several_dimensions_and_ignored_ones():
    logits, labels = torch.randn(4, 3, 5), torch.randint(3, (4, 5))
    flat = scored("cross_entropy", (logits.movedim(1, -1).reshape(-1, 3), labels.reshape(-1)))
    assert scored("cross_entropy", (logits, labels)) == pytest.approx(flat)
    labels[0] = -100
    rest = scored("cross_entropy", (logits[1:], labels[1:]))
    assert scored("cross_entropy", (logits, labels)) == pytest.approx(rest)


def test_scaled_numbers_score_alike():
    predicted, wanted = torch.randn(50, 3), torch.randn(50, 3)
    plain = scored("mse_loss", (0.1 * predicted + wanted, wanted))
    assert scored("mse_loss", (50 * (0.1 * predicted + wanted), 50 * wanted)) == pytest.approx(
        plain
    )


def test_a_broadcast_pairs_as_its_loss_does_not():
    """(N, 1) against (N,): the prediction is judged row by row."""
    wanted = torch.randn(30)
    assert scored("mse_loss", (wanted[:, None], wanted)) == pytest.approx(1)


def test_soft_labels_are_numbers():
    wanted = torch.rand(50, 4)
    assert scored("binary_cross_entropy", (wanted, wanted)) == pytest.approx(1)


@pytest.mark.parametrize("function", ["cross_entropy", "nll_loss"])
def test_what_is_not_finite_is_worst(function):
    labels = torch.arange(12) % 3
    assert scored(function, (torch.full((12, 3), math.nan), labels)) == WORST


def test_nothing_to_tell_apart_has_no_score():
    assert Predictions("cross_entropy").score() is None
    assert scored("cross_entropy", (torch.randn(30, 3), torch.zeros(30).long())) is None
    assert scored("mse_loss", (torch.randn(30), torch.ones(30))) is None
    assert scored("binary_cross_entropy", (torch.rand(30), torch.ones(30))) is None
