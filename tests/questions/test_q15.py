"""Multi-class or multi-label: what is said of a run, the losses, the images and the scores."""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - as everywhere
from sklearn.metrics import f1_score

from unstuck.questions import _two_digits, explain
from unstuck.questions import q15_multiclass_vs_multilabel as q15
from unstuck.questions._lab import Lab
from unstuck.records import Facts

on = explain("q15").on

SIGMOIDS = "binary_cross_entropy_with_logits"


def target(function, kind, *, classes=10, rows=100, several=0, mean=0.1, made=False):
    counts = {"function": function, "kind": kind, "counts": [1] * classes, "rows": rows}
    return counts | {"several": several, "mean": mean, "made": made}


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (
            target("cross_entropy", "classes"),
            "cross_entropy: each target is the number of one of 10 classes that exclude one another",
        ),
        (
            target(SIGMOIDS, "binary", classes=2),
            f"{SIGMOIDS}: each target is 0 or 1, one yes or no for each output",
        ),
        (
            target(SIGMOIDS, "one-hot"),
            f"{SIGMOIDS}: each of 100 rows has a single 1 of 10, as classes that exclude one another "
            "have; this loss judges each of them alone",
        ),
        (
            target("cross_entropy", "one-hot"),
            "cross_entropy: each of 100 rows has a single 1 of 10, as classes that exclude one "
            "another have",
        ),
        (
            target(SIGMOIDS, "multi-hot", several=40, mean=0.12),
            f"{SIGMOIDS}: 40 of 100 rows have several 1 of 10, 1.2 on average, as sets of labels have",
        ),
        (
            target("cross_entropy", "multi-hot", several=40, mean=0.12),
            "cross_entropy: 40 of 100 rows have several 1 of 10, 1.2 on average, as sets of labels "
            "have; of softmax probabilities at most one exceeds one half",
        ),
        (
            target("cross_entropy", "shared", several=7),
            "cross_entropy: 7 of 100 rows divide 1 among several classes",
        ),
        (
            target("cross_entropy", "soft"),
            "cross_entropy: rows sum to 1 without being 0 and 1, as of label smoothing or mixup",
        ),
    ],
)
def test_it_tells_what_the_targets_are(seen, said):
    assert on(Facts({"targets": [seen, seen]})) == [said]


def test_of_numbers_and_of_what_a_network_made_it_says_nothing():
    seen = [target("mse_loss", "numbers"), target(SIGMOIDS, "binary", made=True)]
    assert on(Facts({"targets": seen})) == on(Facts()) == []


def test_it_tells_why_targets_are_not_known():
    why = "the loss is hidden, or written by hand"
    assert on(Facts({}, {"targets": why})) == [f"the targets were not recorded: {why}"]


def test_losses_are_those_of_torch():
    outputs, sets = torch.randn(2, 6, 4), (torch.rand(2, 6, 4) > 0.5).float()
    sets[:, :, 0] = 1
    for net in range(2):
        shares = sets[net] / sets[net].sum(1, keepdim=True)
        softmax = F.cross_entropy(outputs[net], shares)
        torch.testing.assert_close(q15.of_softmax(outputs, sets)[net], softmax)
        sigmoids = 4 * F.binary_cross_entropy_with_logits(outputs[net], sets[net])
        torch.testing.assert_close(q15.of_sigmoids(outputs, sets)[net], sigmoids)


def test_f1_is_that_of_scikit_learn():
    given, truth = ((torch.rand(50, 4) > 0.6).float() for _ in range(2))
    theirs = f1_score(truth, given, average=None)
    torch.testing.assert_close(q15.f1(given, truth).double(), torch.tensor(theirs))


def test_an_image_shows_what_its_labels_say(monkeypatch):
    monkeypatch.setattr(_two_digits, "NOISE", 0.0)
    images, y = torch.arange(1.0, 11).view(1, 10, 1).expand(1, 10, 64), torch.arange(10)[None]
    x, sets = _two_digits.side_by_side(images, y, 200, [torch.Generator().manual_seed(0)])
    assert {int(row.sum()) for row in sets[0]} == {0, 1, 2}
    for image, labels in zip(x[0].view(200, 8, 16), sets[0], strict=True):
        halves = {int(each) for half in image.split(8, 1) for each in half.unique()}
        assert halves - {0} == {label + 1 for label in labels.nonzero()[:, 0].tolist()}


def test_the_best_threshold_is_the_best():
    y = (torch.rand(2, 300, 4) > 0.7).float()
    softmax = (3 * y + torch.randn(2, 300, 4)).softmax(2)
    _, plain, best = (right.mean(1) for right in q15._right(softmax, softmax, y).values())
    by_hand = torch.stack(
        [((softmax > at) == (y > 0)).all(2).float().mean(1) for at in q15.THRESHOLDS]
    )
    torch.testing.assert_close(best, by_hand.amax(0))
    assert (best > plain).all()


def test_labels_on_one_linear_layer_are_learned_one_by_one(monkeypatch):
    monkeypatch.setattr(q15, "STEPS", 5)
    [gap] = q15._one_by_one(Lab((3,)))["together_gap"]
    assert gap < 1e-12
