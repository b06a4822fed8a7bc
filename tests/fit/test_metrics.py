import numpy as np
import pytest
import torch
from sklearn import metrics as reference

from unstuck.fit import metrics


def test_balanced_accuracy_and_f1_are_those_of_scikit_learn():
    draw = np.random.default_rng(0)
    chosen, true = draw.integers(0, 3, 50), draw.integers(0, 3, 50)
    ours = metrics.balanced_accuracy(torch.tensor(chosen), torch.tensor(true))
    assert ours == pytest.approx(reference.balanced_accuracy_score(true, chosen))
    chosen, true = draw.integers(0, 2, (50, 4)), draw.integers(0, 2, (50, 4))
    ours = float(metrics.f1(torch.tensor(chosen), torch.tensor(true)).mean())
    assert ours == pytest.approx(reference.f1_score(true, chosen, average="macro"))


def test_a_class_that_does_not_occur_counts_for_nothing():
    assert metrics.balanced_accuracy(torch.tensor([0, 1, 2]), torch.tensor([0, 1, 1])) == 0.75


def test_rows_of_one_class_have_no_ranking_and_no_warning():
    found = metrics.classification(
        torch.tensor([[0.9, 0.1], [0.2, 0.8]]), torch.tensor([0, 1]), torch.tensor([0, 0])
    )
    assert found["accuracy"] == 0.5
    assert "area under ROC" not in found


def test_one_row_has_no_r2():
    assert "R2" not in metrics.regression(np.array([[1.0]]), np.array([[2.0]]))


def test_the_first_metric_is_said_first():
    assert metrics.said({"a": 1, "b": 2, "c": 3, "d": 4}, "c") == "c 3.000, a 1.000, b 2.000"
    assert metrics.said({"a": 1}, "not there") == "a 1.000"


@pytest.mark.parametrize("rare", [0, 1])
def test_of_two_classes_the_rarer_one_is_to_be_found(rare):
    targets = torch.tensor([rare] * 5 + [1 - rare] * 95)
    given = torch.linspace(0.9, 0.1, 100)
    probabilities = torch.stack([given, 1 - given] if rare == 0 else [1 - given, given], 1)
    found = metrics.classification(probabilities, probabilities.argmax(1), targets)
    assert found["average precision of the rarer class"] == pytest.approx(1.0)
    assert found["recall of the rarer class"] == 1.0
    assert found["precision of the rarer class"] == pytest.approx(0.1)


def test_of_several_quantities_each_has_its_own_errors():
    true = np.array([[1000.0, 0.001], [2000.0, 0.002], [4000.0, 0.004]])
    found = metrics.regression(true + np.array([100.0, 0.0]), true, ("p", "q"))
    assert found["mean absolute error of p"] == pytest.approx(100)
    assert found["mean absolute error of q"] == pytest.approx(0)
    assert found["R2"] == pytest.approx((found["R2 of p"] + found["R2 of q"]) / 2)
    assert "mean absolute error" not in found
