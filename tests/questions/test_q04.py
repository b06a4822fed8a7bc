"""Why deep learning took off: what is said of a run, and the parts of the experiment."""

import pytest
import torch

from unstuck.questions import q04_why_deep_learning_took_off as q04
from unstuck.questions._lab import Lab
from unstuck.questions._stack import Stack
from unstuck.records import Facts

LAB = Lab((0, 1))


def data(samples, trains=True):
    return {"loaders": [{"samples": 7, "trains": False}, {"samples": samples, "trains": trains}]}


def weights(numel, trainable=True):
    return {"numel": numel, "trainable": trainable}


def test_it_tells_how_many_examples_train_how_many_weights():
    families = {"data": data(1797), "parameters": [weights(51_200), weights(9, False)]}
    assert list(q04.on(Facts(families))) == ["1,797 examples train 51,200 weights"]


@pytest.mark.parametrize(
    "families",
    [
        {},
        {"data": data(None), "parameters": [weights(5)]},
        {"data": data(10), "parameters": [weights(5, trainable=False)]},
        {"data": data(10)},
        {"data": data(10, trains=False), "parameters": [weights(5)]},
    ],
)
def test_it_does_not_guess(families):
    assert list(q04.on(Facts(families))) == []


def test_it_tells_what_a_linear_map_scored_in_replays():
    arms = [
        {"name": "unchanged", "scores": [0.9, 0.8]},
        {"name": "linear-model", "scores": [0.5]},
    ]
    assert list(q04.on(Facts({"trials": {"arms": arms}}))) == [
        "replayed with a linear map in place of the network: score 0.50 (1 seed), "
        "as it is 0.85 (0.80 to 0.90, 2 seeds)"
    ]


def test_the_class_is_the_sign_of_the_product_of_the_pair():
    data = q04.products((3,), 50, pair=(2, 5))
    assert data.x.shape == (1, 50, q04.INPUTS)
    assert data.test_x.shape == (1, q04.TEST, q04.INPUTS)
    for row, label in zip(data.x[0], data.y[0], strict=True):
        assert bool(label) == bool(row[2] * row[5] > 0)


def test_the_second_task_is_the_size_of_the_first_two_inputs():
    data = q04.rings((3,), 50)
    assert torch.equal(data.x, q04.products((3,), 50).x)
    sizes = torch.hypot(data.x[..., 0], data.x[..., 1])
    assert sizes[data.y == 0].max() < sizes[data.y == 1].min()
    assert float(data.test_y.float().mean()) == pytest.approx(0.5, abs=0.05)


def test_one_task_says_nothing_of_the_other(monkeypatch):
    monkeypatch.setattr(q04, "TEST", 40_000)
    one, other = (task((0,), 1).test_y for task in (q04.products, q04.rings))
    assert float((one == other).float().mean()) == pytest.approx(0.5, abs=0.01)


def test_what_a_net_sees_is_its_hidden_units():
    net, data = Stack((q04.INPUTS, 7, 2), (0, 1)), q04.rings((0, 1), 30)
    hidden = q04.seen_by(net, data)
    assert hidden.x.shape == (2, 30, 7)
    assert not hidden.x.requires_grad
    assert torch.equal(torch.baddbmm(net.biases[1], hidden.x, net.weights[1]), net(data.x))
    assert torch.equal(hidden.test_y, data.test_y)


def test_hidden_units_of_the_same_inputs_help_and_those_of_others_do_not():
    found = q04._transfer(Lab((2,)))
    assert found["related"][0] < -0.1 < -0.03 < found["unrelated"][0]
    assert 0.4 < found["related_untouched"][0] <= 0.5
    assert found["related_error"][0] - found["few_from_scratch"][0] == pytest.approx(
        found["related"][0], abs=1e-6
    )


def test_tasks_of_one_seed_share_their_rows_but_not_their_classes():
    one, other = (q04.products((4,), 20, pair=pair) for pair in ((0, 1), (2, 3)))
    assert torch.equal(one.x, other.x)
    assert not torch.equal(one.test_y, other.test_y)


def test_lists_are_multiplied_as_tensors_are():
    one, other = torch.rand(2, 5, 5, dtype=torch.float64)
    found = torch.tensor(q04.list_product(one.tolist(), other.tolist()), dtype=torch.float64)
    assert torch.allclose(found, one @ other, rtol=1e-12)


def test_nets_start_at_random_places_and_approach_the_points(monkeypatch):
    monkeypatch.setattr(q04, "FIT", 60)
    x = torch.linspace(-2, 2, 17)[None, :, None]
    net = q04.fitted(x, torch.sin(2 * x), 8, (0, 1))
    assert not torch.equal(*net.biases[0])
    missed = net(x.expand(2, -1, -1)) - torch.sin(2 * x)
    assert (missed.square().mean((1, 2)) < 0.5 * torch.sin(2 * x).square().mean()).all()


def test_errors_are_measured_against_the_sine():
    def exact(x):
        return torch.sin(2 * x) + torch.tensor([0.0, 0.5])[:, None, None]

    exact.seeds = (0, 1)
    errors = q04._rmse(exact, q04._grid(0, 1))
    assert errors.tolist() == pytest.approx([0, 0.5], abs=1e-6)


def test_error_falls_with_examples_where_the_model_can_say_it(monkeypatch):
    monkeypatch.setattr(q04, "STEPS", 100)
    errors, rows = q04._by_examples((50, 2000), lambda rows: q04.products((0, 1), rows), LAB)
    assert (errors["64 hidden units", 2000] < errors["64 hidden units", 50] - 0.05).all()
    assert (errors["linear", 2000] > 0.4).all()
    assert [(each["model"], each["examples"]) for each in rows] == list(errors)
    assert rows[0]["error"] == pytest.approx(float(errors["linear", 50].mean()), abs=1e-4)


def test_the_best_rate_counts_for_each_seed(monkeypatch):
    monkeypatch.setattr(q04, "HIDDEN", 1)
    monkeypatch.setattr(q04, "DEEP_STEPS", 30)
    monkeypatch.setattr(q04, "DEEP_RATES", (0.0, 0.1))
    both = q04._deep(torch.relu, LAB)
    monkeypatch.setattr(q04, "DEEP_RATES", (0.1,))
    assert both.tolist() == q04._deep(torch.relu, LAB).tolist()
    assert (both > 0.5).all()


def test_a_gpu_is_an_extra_number(monkeypatch):
    monkeypatch.setattr(q04, "LARGE", 12)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    without = q04._computation(LAB)
    assert list(without) == ["share_large", "share_by_size"]
    assert all(len(each) == 2 and min(each) > 0 for each in without.values())
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(q04, "_gpu_share", float)
    assert q04._computation(LAB)["gpu_share_2048"] == [2048, 2048]


def test_replays_try_a_change_that_exists():
    from importlib.util import find_spec

    for change in q04.REPLAYS:
        assert find_spec(f"unstuck.trials.changes.{change.replace('-', '_')}")
