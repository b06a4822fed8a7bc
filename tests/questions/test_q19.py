"""Data structures: what is said of a run, and how graphs are counted, kept and drawn."""

import gc

import numpy as np
import pytest
import torch

from unstuck.questions import q19_data_structures as q19
from unstuck.records import Facts


def parameter(name, kind="Linear", numel=60):
    return {"name": name, "kind": kind, "numel": numel}


def test_the_graph_is_told_with_what_hides_a_part_of_it():
    graph = {"nodes": 21, "opaque": []}
    assert list(q19.on(Facts({"graph": graph}))) == ["the graph of the training loss has 21 nodes"]
    assert list(q19.on(Facts({"graph": graph | {"opaque": ["CompiledFunctionBackward"]}}))) == [
        "the graph of the training loss has 21 nodes, and more behind CompiledFunctionBackward"
    ]


def test_graphs_that_are_still_in_memory_are_told_as_of_the_last_look():
    counts = [{"step": step, "marked": step // 2, "alive": step // 2 - 1} for step in (8, 16)]
    assert list(q19.on(Facts({"kept_graphs": {"counts": counts, "place": None}}))) == [
        "at step 16, the graphs of 7 of 8 earlier steps that were marked are still in memory"
    ]


def test_parameters_in_a_plain_list_are_told_apart():
    lost = [parameter("net.layers[0].weight", "unregistered"), parameter("b", "unregistered")]
    facts = Facts({"parameters": [parameter("net.fc.weight", numel=51_200), *lost]})
    assert list(q19.on(facts)) == [
        "1 parameter tensors hold 51,200 numbers",
        "2 more are unknown to their model, the first net.layers[0].weight: no ModuleList",
    ]


def test_what_was_not_recorded_is_said_and_nothing_is_guessed():
    assert list(q19.on(Facts())) == []
    empty = {"graph": {"nodes": 0, "opaque": []}, "kept_graphs": {"counts": []}, "parameters": []}
    assert list(q19.on(Facts(empty))) == []
    assert list(q19.on(Facts({}, {"graph": "no backward pass"}))) == [
        "the graph of the loss was not recorded: no backward pass"
    ]


def test_a_node_that_is_reached_twice_counts_once():
    x = torch.ones(3, requires_grad=True)
    y = x.exp()
    assert q19.count((y * y + y).sum()) == len(["sum", "add", "mul", "exp", "accumulate"])


def test_kept_tensors_are_those_that_the_operations_save_until_the_backward_pass():
    kept, x = q19.Kept(), torch.ones(3, requires_grad=True)
    with kept.watching():
        loss = x.exp().sum()
    assert [each.tolist() for each in kept.tensors()] == [x.detach().exp().tolist()]
    assert kept.bytes() == 12
    loss.backward()
    assert kept.tensors() == []
    assert torch.equal(x.grad, x.detach().exp())


def test_a_stored_loss_keeps_its_graph_without_a_cycle():
    gc.disable()
    try:
        assert q19._stored(lambda loss: loss, 3) == 3 * q19._stored(lambda loss: loss, 1) > 0
        assert q19._stored(torch.Tensor.detach, 3) == 0
    finally:
        gc.enable()


@pytest.mark.parametrize("seed", range(3))
def test_graphs_grow_by_five_nodes_and_equal_bytes_a_layer(seed):
    torch.manual_seed(seed)
    assert q19._graphs() == {
        "nodes_off_line": 0,
        "kept_off_line": 0,
        "kept_after": 0,
        "second_fails": True,
        "stored_losses": q19.LOSSES,
        "stored_after": 0,
        "stored_items": 0,
    }


def test_an_error_of_another_kind_is_not_taken_for_the_expected_one():
    assert q19.fails(lambda: 1 / 0, ZeroDivisionError)
    assert not q19.fails(lambda: 1, ZeroDivisionError)
    with pytest.raises(ZeroDivisionError):
        q19.fails(lambda: 1 / 0, TypeError)


def test_lists_and_views(monkeypatch):
    monkeypatch.setattr(q19, "NUMBERS", 1000)
    found = q19._containers()
    assert found.pop("tensor_time") > 0
    assert 8 <= found.pop("list_bytes") < 8.1
    assert found == {
        "views": 1,
        "indexed": 0,
        "text_fails": 1,
        "mixed_fails": False,
        "array_fails": True,
        "plain_list": 0,
        "module_list": 1,
    }


def test_a_sparse_matrix_takes_the_bytes_of_its_entries_and_rows(monkeypatch):
    monkeypatch.setattr(q19, "SIDE", 50)
    monkeypatch.setattr(q19, "ENTRIES", 1)
    found = q19._sparse()
    assert found["csr_bytes"] == (1 * (4 + 8) + 51 * 8) / (4 * 50 * 50)
    assert found["csr_gap"] < 1e-6


def test_the_drawing_is_the_graph():
    net = q19.mlp([64, 16, 10])
    series = q19.drawn(net)
    names = [each["name"] for each in series["nodes"]]
    assert len(names) == 11 == len(series["edges"]) + 1
    assert names.count("AccumulateGrad") == len(list(net.parameters()))
    places = [(each["x"], each["y"]) for each in series["nodes"]]
    assert len(set(places)) == len(places)
    by_place = dict(zip(places, series["nodes"], strict=True))
    beside = {each["name"]: by_place[1, each["y"]]["name"] for each in series["tensors"]}
    assert beside == {
        "loss": "NllLossBackward0",
        "log p": "LogSoftmaxBackward0",
        "logits": "AddmmBackward0",
        "hidden": "ReluBackward0",
        "before ReLU": "AddmmBackward0",
    }


def test_every_parameter_is_drawn_with_its_name_and_shape():
    series = q19.drawn(q19.mlp([64, 16, 10]))
    drawn = {each["detail"] for each in series["nodes"] if each["kind"] == "parameter"}
    assert drawn == {"0.weight, 16 x 64", "0.bias, 16", "2.weight, 10 x 16", "2.bias, 10"}


def test_the_shortest_time_counts(monkeypatch):
    clock = iter(np.cumsum([0, 5, 1, 2, 1, 9]).tolist())
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    assert q19.seconds(lambda: None, times=3) == 2
