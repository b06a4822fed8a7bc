import torch

from unstuck.questions import _transfer, explain
from unstuck.questions import q16_transfer_learning as q16
from unstuck.questions._transfer import few, frozen_accuracy, halves, on_canvas, started, train_head
from unstuck.records import Facts

on = explain("q16").on


def arm(name, *scores):
    return {"name": name, "scores": list(scores)}


def test_it_tells_what_is_frozen():
    modes = [
        {"model": "net", "numel": 1000, "trainable": 50},
        {"model": "other", "numel": 10, "trainable": 10},
    ]
    said = "950 of 1000 weights of net are frozen: their features are reused as they are"
    assert on(Facts({"modes": modes})) == [said]


def test_it_tells_what_a_fresh_start_reaches():
    arms = [arm("unchanged", 0.8, 0.9), arm("fresh-start", 0.5)]
    assert on(Facts({"trials": {"score": "R^2", "arms": arms}})) == [
        "replayed from fresh weights: score 0.50 (1 seed), as it is 0.85 (0.80 to 0.90, 2 seeds)",
        "the score is R^2: 1 is perfect, 0 is nothing learned, below 0 is worse than that",
    ]


def test_it_says_nothing_of_what_was_not_recorded():
    assert on(Facts()) == []
    assert on(Facts({"trials": {"arms": [arm("unchanged", 0.8)]}})) == []


def test_few_images_are_so_many_of_each_class_and_never_in_the_test():
    source, target = halves((0, 1), 100)
    for task in (source, target):
        assert task.y.flatten().bincount().tolist() == [200] * 5
        assert few(task, 3, 2).y.flatten().bincount().tolist() == [6] * 5
        assert few(task, 3, 2).x[0, 0].equal(task.x[0, 10])
    shared = (target.x[0][:, None] == target.test_x[0]).all((2, 3)).any(1)
    assert shared.float().mean() < 0.02  # a few digits look exactly alike


def test_random_labels_are_the_same_labels_in_another_order():
    source, _ = halves((0, 1), 100)
    shuffled = q16._random_labels(source, (0, 1))
    assert torch.equal(shuffled.y.sort(1).values, source.y.sort(1).values)
    assert 0.1 < (shuffled.y == source.y).float().mean() < 0.3


def test_a_frozen_head_leaves_the_convolutions_as_they_are(monkeypatch):
    monkeypatch.setattr(_transfer, "HEAD_STEPS", 5)
    _, target = halves((0,), 100)
    data = few(on_canvas(target, (0,)), 5)
    net = started([q16.Convs(q16.WIDTHS, (0,)).body], (0,))
    before = [each.clone() for each in net.parameters]
    head = train_head(net, data)
    assert all(map(torch.equal, before, net.parameters))
    features = net.features(data.test_x)[0]
    right = (features @ head.weights[0][0] + head.biases[0][0]).argmax(1) == data.test_y[0]
    torch.testing.assert_close(frozen_accuracy(net, head, data)[0, 0], right.float().mean())
