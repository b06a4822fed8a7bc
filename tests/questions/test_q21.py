import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, brier_score_loss, recall_score, roc_auc_score

from unstuck.questions import explain
from unstuck.questions import q21_class_imbalance as q21
from unstuck.records import Facts

on = explain("q21").on


def target(counts, weighted=False, kind="classes"):
    return {"function": "cross_entropy", "kind": kind, "counts": counts, "weighted": weighted}


def loader(sampler):
    return {"loaders": [{"sampler": sampler, "trains": True}]}


def test_it_tells_how_rare_the_rarest_class_is():
    assert on(Facts({"targets": [target([900, 25, 75])]})) == [
        "class 1 is the rarest: 25 of 1000 targets of cross_entropy, 36.0 times fewer than class 0"
    ]
    assert on(Facts({"targets": [target([], kind="numbers")]})) == []


def test_it_tells_how_much_of_it_is_found():
    source = {"source": "validation", "step": 60, "counts": [95, 5], "hits": [94, 1]}
    assert on(Facts({"predictions": [source]})) == [
        "1 of 5 samples of class 1 are found in validation at step 60, while the accuracy is 0.950"
    ]
    unknown = source | {"counts": [], "hits": []}
    assert on(Facts({"predictions": [unknown]})) == []


@pytest.mark.parametrize(
    ("weighted", "sampler", "said"),
    [
        (True, "RandomSampler", "classes are weighted by the loss"),
        (False, "WeightedRandomSampler", "classes are weighted by the sampler"),
        (
            True,
            "WeightedRandomSampler",
            "classes are weighted by the loss and the sampler: the correction is made twice",
        ),
    ],
)
def test_it_tells_what_is_done_about_it(weighted, sampler, said):
    facts = Facts({"targets": [target([], weighted)], "data": loader(sampler)})
    assert on(facts) == [said]


def test_it_says_nothing_of_what_was_not_recorded():
    assert on(Facts()) == []


def test_metrics_are_those_of_scikit_learn():
    draw = torch.Generator().manual_seed(0)
    y = (torch.rand(1, 400, generator=draw) < 0.2).double()
    logits = torch.randn(1, 400, generator=draw, dtype=torch.float64) + y
    truth, said = y[0].numpy(), torch.sigmoid(logits[0]).numpy()
    assert float(q21.auc(logits, y)) == pytest.approx(roc_auc_score(truth, said))
    assert float(q21.brier(logits, y)) == pytest.approx(brier_score_loss(truth, said))
    for threshold in (0.5, 0.2):
        found = float(q21.balanced(logits, y, threshold))
        assert found == pytest.approx(balanced_accuracy_score(truth, said > threshold))
        found = float(q21.recall(logits, y, threshold))
        assert found == pytest.approx(recall_score(truth, said > threshold))


@pytest.mark.parametrize("arm", q21.ARMS)
def test_newton_finds_what_scikit_learn_finds(arm):
    task = q21.rare_digit((3,), q21.NOISE)
    weights = q21.arm_weights(task.y, arm, (3,))
    ours = q21.converged(task, weights[None])[0, 0]
    rows = task.y.shape[1]
    model = LogisticRegression(C=1 / (q21.RIDGE * rows), tol=1e-9, max_iter=10_000)
    model.fit(task.x[0].numpy(), task.y[0].numpy(), sample_weight=weights[0].numpy())
    theirs = torch.tensor(model.decision_function(task.test_x[0].numpy()))
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)


def test_the_test_has_the_share_of_the_training_and_arms_weigh_alike():
    task = q21.rare_digit((0, 1), 0.1)
    torch.testing.assert_close(task.y.mean(1), torch.full((2,), q21.SHARE, dtype=torch.float64))
    assert (task.test_y.mean(1) - q21.SHARE).abs().max() < 1e-4
    for arm in q21.ARMS:
        weights = q21.arm_weights(task.y, arm, (0, 1))
        torch.testing.assert_close(weights.mean(1), torch.ones(2, dtype=torch.float64))
        sums = [(weights * each).sum(1) for each in (task.y, 1 - task.y)]
        assert torch.allclose(*sums) == (arm != "plain")
