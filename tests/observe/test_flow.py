"""What flows through the net, held against slow and obvious second computations."""

import gc
import warnings
import weakref

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 6, 3, padding=1)
        self.norm = nn.BatchNorm2d(6)
        self.second = nn.Conv2d(6, 6, 3, groups=2)
        self.pool = nn.AvgPool2d(2)
        self.third = nn.Linear(54, 16)
        self.drop = nn.Dropout(0.4)
        self.last = nn.Linear(16, 3)

    def forward(self, x):
        x = self.pool(self.second(self.norm(self.first(x)))).relu().flatten(1)
        return functional.dropout(self.last(torch.tanh(self.drop(self.third(x)))), 0.25)


@pytest.fixture
def images():
    torch.manual_seed(0)
    return torch.randn(16, 1, 8, 8), torch.randint(0, 3, (16,))


def test_layers_and_edges_are_those_that_ran(watching, train, images):
    net = Net()
    with watching() as watched:
        train(net, *images, steps=3)
    layers = watched.facts.layers
    shapes = [(n["name"], n["inputs"], n["outputs"], n["groups"]) for n in layers["nodes"]]
    assert shapes == [
        ("model.first", 1, 6, 1),
        ("model.second", 6, 6, 2),
        ("model.third", 54, 16, 1),
        ("model.last", 16, 3, 1),
    ]
    assert [n["depth"] for n in layers["nodes"]] == [1, 2, 3, 4]
    assert [n["normalised"] for n in layers["nodes"]] == [True, False, False, False]
    straight = {(e["source"], e["target"]): e["straight"] for e in layers["edges"]}
    assert straight == {
        ("model.first", "model.second"): True,
        ("model.second", "model.third"): False,
        ("model.third", "model.last"): False,
    }
    assert layers["functions"] == ["ReLU", "tanh"]


def test_dropout_is_seen_as_module_and_as_function(watching, train, images):
    net = Net()
    with watching() as watched:
        train(net, *images, steps=3)
    seen = {(d["name"], d["layer"], round(d["rate"], 3), d["output"]) for d in _dropouts(watched)}
    assert seen == {
        ("model.drop", "", 0.4, False),
        ("", "model.third", 0.4, False),
        ("", "model.last", 0.25, True),
    }


def _dropouts(watched):
    return watched.facts.layers["dropouts"]


def test_a_mask_written_by_hand_is_no_scaling(watching, train):
    class Hand(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(4, 8), nn.Linear(8, 3)

        def forward(self, x):
            hidden = self.a(x)
            return self.b(hidden * (hidden > 0).float())

    net = Hand()
    with watching() as watched:
        train(net, torch.randn(32, 4), torch.randint(0, 3, (32,)))
    assert [edge["straight"] for edge in watched.facts.layers["edges"]] == [False]
    assert watched.found == []


def test_gradients_and_updates_are_what_the_script_could_measure(watching, task):
    model, x, y = task
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    expected = []
    with watching() as watched:
        for _ in range(4):
            optimizer.zero_grad()
            functional.cross_entropy(model(x), y).backward()
            weight = model[0].weight.detach().clone()
            gradient = model[0].weight.grad.clone()
            total = sum(p.grad.square().sum() for p in model.parameters()).sqrt().item()
            optimizer.step()
            moved = (model[0].weight.detach() - weight).norm() / weight.norm()
            expected.append([gradient.norm(), gradient.abs().max(), weight.norm(), moved, total])
    facts = watched.facts.gradients
    layer = facts["layers"][0]
    assert (layer["name"], layer["optimizer"], layer["fan_in"]) == ("model.0", "Adam", 8)
    for look, numbers, (_, total) in zip(layer["looks"], expected, facts["totals"], strict=True):
        keys = ("gradient", "largest", "weight", "update")
        assert [*(look[key] for key in keys), total] == pytest.approx(
            [float(number) for number in numbers], rel=1e-4
        )
    assert [rate["rate"] for rate in facts["rates"]] == [0.01] * 4


def test_activations_are_those_of_the_forward_pass(watching, task, train):
    model, x, y = task
    with torch.no_grad():
        model[0].bias[:4] = -100.0
        hidden = model[0](x).relu()
    with watching() as watched:
        train(model, x, y, steps=4)
    [seen] = watched.facts.activations
    look = seen["looks"][0]
    assert (seen["layer"], seen["kind"], seen["units"]) == ("model.0", "ReLU", 16)
    assert look["zeros"] == pytest.approx((hidden == 0).float().mean().item())
    assert look["mean"] == pytest.approx(hidden.mean().item(), rel=1e-5)
    assert look["dead"] == pytest.approx((hidden == 0).all(0).float().mean().item())
    assert seen["looks"][-1]["dead_for_long"] == pytest.approx(4 / 16)
    assert sum(seen["histograms"][0]["counts"]) == hidden.numel()
    assert look["varies"]


def test_constant_inputs_are_seen_as_such(watching, task, train):
    model, x, y = task
    with watching() as watched:
        train(model, torch.ones_like(x), y)
    assert not watched.facts.activations[0]["looks"][0]["varies"]


def test_gates_and_outputs_are_told_from_hidden_units(watching):
    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.head = nn.LSTMCell(4, 8), nn.Linear(8, 1)

        def forward(self, x):
            return torch.sigmoid(self.head(self.cell(x)[0]))

    net = Cell()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with watching() as watched:
        for _ in range(3):
            optimizer.zero_grad()
            functional.binary_cross_entropy(net(torch.randn(16, 4)), torch.ones(16, 1)).backward()
            optimizer.step()
    seen = {(a["layer"], a["kind"]): (a["gate"], a["output"]) for a in watched.facts.activations}
    assert seen.pop(("net.head", "sigmoid")) == (False, True)
    assert all(gate for gate, _ in seen.values())


@pytest.mark.parametrize("reentrant", [True, False])
def test_nothing_runs_again_under_activation_checkpointing(watching, reentrant):
    runs = []

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.norm = nn.Linear(8, 8), nn.BatchNorm1d(8)

        def forward(self, x):
            runs.append(1)
            return torch.relu(self.norm(self.layer(x)))

    class Whole(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.block, self.head = nn.Linear(8, 8), Block(), nn.Linear(8, 3)

        def forward(self, x):
            x = torch.relu(self.stem(x))
            return self.head(checkpoint(self.block, x, use_reentrant=reentrant))

    def trained():
        torch.manual_seed(0)
        runs.clear()
        net = Whole()
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        x, y = torch.randn(32, 8), torch.randint(0, 3, (32,))
        for _ in range(4):
            optimizer.zero_grad()
            functional.cross_entropy(net(x), y).backward()
            optimizer.step()
        return len(runs), [value.clone() for value in net.state_dict().values()]

    plain = trained()
    with watching() as watched:
        seen = trained()
    assert seen[0] == plain[0]
    assert all(torch.equal(a, b) for a, b in zip(seen[1], plain[1], strict=True))
    if not reentrant:
        assert "hooks" in watched.facts.missing["activations"]


def test_tensors_saved_on_the_cpu_are_not_read(watching, task, train):
    model, x, y = task
    unpacked = []

    def unpack(value):
        unpacked.append(1)
        return value

    with watching() as watched:
        for _ in range(3):
            with torch.autograd.graph.saved_tensors_hooks(lambda value: value.detach(), unpack):
                loss = functional.cross_entropy(model(x), y)
            before = len(unpacked)
            loss.backward()
            counted = len(unpacked) - before
        with torch.autograd.graph.save_on_cpu():
            train(model, x, y, steps=2)
    loss = functional.cross_entropy(model(x), y)
    with torch.autograd.graph.saved_tensors_hooks(lambda value: value.detach(), unpack):
        loss = functional.cross_entropy(model(x), y)
    before = len(unpacked)
    loss.backward()
    assert len(unpacked) - before == counted
    assert "hooks" in watched.facts.missing["activations"]
    assert watched.facts.layers["nodes"]


def test_models_and_graphs_are_freed_as_without_us(watching, images):
    def once():
        net = Net()
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            loss = functional.cross_entropy(net(images[0]), images[1])
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
        return weakref.ref(net), weakref.ref(net.last.weight)

    with watching():
        dropped = once()
        gc.collect()
        assert [each() for each in dropped] == [None, None]


def test_clipping_is_recorded_and_left_as_it_is(watching, task):
    model, x, y = task
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    before = nn.utils.clip_grad_norm_
    norms = []
    with watching() as watched:
        for _ in range(4):
            optimizer.zero_grad()
            functional.cross_entropy(model(x), y).backward()
            norms.append(nn.utils.clip_grad_norm_(model.parameters(), 0.1).item())
            nn.utils.clip_grad_value_(model.parameters(), clip_value=0.01)
            optimizer.step()
    by_norm, by_value = watched.facts.clipping
    assert [norm for _, norm in by_norm["norms"]] == pytest.approx(norms)
    assert (by_norm["threshold"], by_norm["calls"], by_norm["early"]) == (0.1, 4, 0)
    assert (by_value["threshold"], by_value["covered"]) == (0.01, [1.0] * 4)
    assert 0 < by_value["cut"][0][1] < 1
    assert "clip_grad_norm_" in by_norm["place"]["code"]
    assert nn.utils.clip_grad_norm_ is before


def test_clipping_that_comes_too_early_or_gets_nothing(watching, task):
    model, x, y = task
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    used_up = model.parameters()
    with watching() as watched, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(6):
            optimizer.zero_grad()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            functional.cross_entropy(model(x), y).backward()
            nn.utils.clip_grad_norm_(used_up, 1.0)
            optimizer.step()
    early, empty = watched.facts.clipping
    assert (early["calls"], early["early"]) == (6, 6)
    assert (empty["early"], empty["empty"]) == (0, 5)


def test_a_warning_of_clipping_names_the_person_s_line(watching):
    with watching(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        nn.utils.clip_grad_norm_((p for p in ()), 1.0)
    assert [warning.filename for warning in caught] == [__file__] * len(caught)


def test_a_recurrent_layer_is_not_linear(watching, train):
    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.cells, self.head = nn.LSTM(4, 8, batch_first=True), nn.Linear(8, 3)

        def forward(self, x):
            return self.head(self.cells(x)[0][:, -1])

    with watching() as watched:
        train(Recurrent(), torch.randn(16, 5, 4), torch.randint(0, 3, (16,)))
    assert watched.found == []
    assert not any(edge["straight"] for edge in watched.facts.layers["edges"])
