import pytest
import torch
from torch import nn

from unstuck.questions import explain
from unstuck.questions import q17_fine_tuning as q17
from unstuck.questions._convs import Convs
from unstuck.questions._data import Data
from unstuck.records import Facts

on = explain("q17").on


def mode(trainable, drift=None, updates=0):
    layer = {"name": "net.bn1", "drift": drift, "frozen_updates": updates}
    shared = {"model": "net", "numel": 1000, "optimized": 50}
    return {"modes": [shared | {"trainable": trainable, "batch_norm": [layer]}]}


def test_it_tells_what_is_trained():
    assert on(Facts(mode(50))) == [
        "50 of 1000 weights of net are trainable, 50 are held by an optimizer"
    ]
    assert on(Facts(mode(1000))) == []


def test_it_tells_what_moves_though_it_is_frozen():
    [_, drift] = on(Facts(mode(50, drift=0.9412, updates=60)))
    assert drift == (
        "the running means of net.bn1 moved by 0.94 standard deviations in 60 updates while its "
        "parameters were frozen"
    )


def test_it_tells_what_other_ways_reach():
    arms = [("unchanged", [0.2, 0.3]), ("lower-backbone-rate", [0.8, 0.9])]
    trials = {"arms": [{"name": name, "scores": scores} for name, scores in arms]}
    assert on(Facts({"trials": trials})) == [
        "replayed with a tenth of the rate for all but the last layer: score 0.85 (0.80 to 0.90, "
        "2 seeds), as it is 0.25 (0.20 to 0.30, 2 seeds)"
    ]


def test_it_says_nothing_of_what_was_not_recorded():
    assert on(Facts()) == []


def test_the_old_head_reads_what_the_convolutions_have_become():
    trained, net = Convs((3, 4, 5), (0, 1)), Convs((3, 4, 5), (5, 6), arms=2)
    x, y = torch.rand(2, 40, 10, 10), torch.randint(5, (2, 40))
    found = q17._on_source(trained, net, Data(x, y, x, y))
    features = net.features(x).view(2, 2, 40, -1)
    for arm in range(2):
        for seed in range(2):
            outputs = features[arm, seed] @ trained.weights[2][seed] + trained.biases[2][seed]
            right = (outputs.argmax(1) == y[seed]).float().mean()
            torch.testing.assert_close(found[arm, seed], right)


@pytest.mark.parametrize("train", [True, False])
def test_running_means_move_towards_what_is_shown_in_train_mode_only(train):
    norm = nn.BatchNorm1d(2)
    norm.running_mean.fill_(2.0)
    net = nn.Sequential(norm).requires_grad_(False)
    moved = q17._moved(net, train, torch.ones(64, 2), torch.Generator().manual_seed(0))
    assert moved == pytest.approx((1 - 0.9**60) / 2 if train else 0.0)
    assert norm.running_mean.tolist() == [2.0, 2.0]


def test_an_error_that_grows_eightfold_has_doubled_three_times():
    before, after = torch.tensor([0.1, 0.2, 0.0]), torch.tensor([0.8, 0.2, 0.001])
    assert q17._doubled(before, after).tolist() == pytest.approx([3, 0, 0], abs=1e-6)
