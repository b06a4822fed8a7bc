"""What each probe records, held against what the script plainly did."""

import copy
import math

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset


def test_loader_tells_samples_and_updates_per_epoch(watching, task):
    model, x, y = task
    loader = DataLoader(TensorDataset(x, y), batch_size=24)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watching() as watched:
        for _ in range(2):
            for batch, target in loader:
                optimizer.zero_grad()
                functional.cross_entropy(model(batch), target).backward()
                optimizer.step()
    data = watched.facts.families["data"]
    assert (data["batch"], data["samples"], data["updates_per_epoch"]) == (24, 64, 3)
    assert data["loaders"][0]["epochs"] == 2


def test_whole_data_at_each_step_is_the_data_set(watching, task, train):
    with watching() as watched:
        train(*task)
    data = watched.facts.families["data"]
    assert (data["batch"], data["samples"], data["updates_per_epoch"]) == (64, 64, 1)


def test_a_buffer_that_is_filled_again_is_not(watching, task):
    model, x, y = task
    buffer = torch.empty(16, 8)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watching() as watched:
        for step in range(6):
            rows = slice(16 * (step % 4), 16 * (step % 4) + 16)
            buffer.copy_(x[rows])
            optimizer.zero_grad()
            functional.cross_entropy(model(buffer), y[rows]).backward()
            optimizer.step()
    assert watched.facts.families["data"]["samples"] is None


@pytest.mark.parametrize(
    ("name", "target", "options", "expected"),
    [
        (
            "cross_entropy",
            torch.tensor([0, 0, 0, 1]),
            {},
            -0.75 * math.log(0.75) - 0.25 * math.log(0.25),
        ),
        ("cross_entropy", torch.tensor([0, 1, 0, 1]), {}, math.log(2)),
        ("cross_entropy", torch.tensor([0, 1, -100, -100]), {}, math.log(2)),
        (
            "cross_entropy",
            torch.tensor([0, 0, 0, 1]),
            {"weight": torch.tensor([1.0, 3.0])},
            math.log(2),
        ),
        ("mse_loss", torch.tensor([[1.0], [3.0], [1.0], [3.0]]), {}, 1.0),
        ("l1_loss", torch.tensor([[0.0], [0.0], [0.0], [4.0]]), {}, 1.0),
        (
            "binary_cross_entropy_with_logits",
            torch.tensor([[0.0], [1.0], [1.0], [0.0]]),
            {},
            math.log(2),
        ),
        (
            "binary_cross_entropy_with_logits",
            torch.tensor([[0.0], [0.0], [0.0], [1.0]]),
            {"pos_weight": torch.tensor([3.0])},
            1.5 * math.log(2),
        ),
    ],
)
def test_loss_of_the_best_constant_prediction(watching, name, target, options, expected):
    function_name = name
    columns = 2 if name == "cross_entropy" else 1
    logits = torch.zeros(4, columns, requires_grad=True)
    with watching() as watched:
        getattr(functional, function_name)(logits, target, **options).backward()
    constant = watched.facts.loss_calls[0]["constant"]
    assert constant["loss"] == pytest.approx(expected, rel=1e-5)


def test_summed_loss_is_compared_by_element(watching):
    logits = torch.zeros(4, 2, requires_grad=True)
    with watching() as watched:
        functional.cross_entropy(logits, torch.tensor([0, 1, 0, 1]), reduction="sum").backward()
    site = watched.facts.loss_calls[0]
    assert site["values"][0][1] == pytest.approx(site["constant"]["loss"])


def test_chain_skips_what_only_moves_numbers(watching, task):
    _, x, y = task
    layer = nn.Linear(8, 3)
    with watching() as watched:
        output = functional.dropout(layer(x).softmax(1), 0.0).view(64, 3, 1).squeeze(2)
        functional.cross_entropy(output, y).backward()
    assert watched.facts.loss_calls[0]["chain"][:2] == ["SoftmaxBackward0", "AddmmBackward0"]
    assert watched.facts.loss_calls[0]["input"]["stochastic"]


def test_opaque_nodes_are_named(watching, task):
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(context, x):
            return 2 * x

        @staticmethod
        def backward(context, gradient):
            return 2 * gradient

    model, x, y = task
    with watching() as watched:
        functional.cross_entropy(Double.apply(model(x)), y).backward()
    assert watched.facts.graph["opaque"] == ["DoubleBackward"]
    assert watched.facts.loss_calls[0]["opaque"]


def test_names_are_the_person_s(watching, task):
    class Trainer:
        def __init__(self, model):
            self.model = model

        def run(self, x, y):
            functional.cross_entropy(self.model(x), y).backward()

    with watching() as watched:
        Trainer(task[0]).run(*task[1:])
    assert watched.facts.parameters[0]["name"] == "self.model.0.weight"


def test_parts_that_are_called_by_themselves_are_named_as_parts(watching, task):
    model, x, y = task
    with watching() as watched:
        functional.cross_entropy(model[2](model[0](x)), y).backward()
    assert [p["name"] for p in watched.facts.parameters][::2] == [
        "model.0.weight",
        "model.2.weight",
    ]


def test_parameters_in_a_plain_list_are_found_and_named(watching, task):
    class Blocks(nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = [nn.Linear(8, 8), nn.Linear(8, 8)]
            self.head = nn.Linear(8, 3)

        def forward(self, x):
            for block in self.blocks:
                x = block(x).relu()
            return self.head(x)

    _, x, y = task
    net = Blocks()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with watching() as watched:
        for _ in range(5):
            optimizer.zero_grad()
            functional.cross_entropy(net(x), y).backward()
            optimizer.step()
    names = [p["name"] for p in watched.facts.parameters if not p["optimized"]]
    assert names == [f"net.blocks[{n}].{kind}" for n in (0, 1) for kind in ("bias", "weight")]
    assert watched.found == ["unoptimized-parameters"]


def test_parameters_moved_by_hand_are_not_reported(watching, task):
    model, x, y = task
    optimizer = torch.optim.SGD(model[2].parameters(), lr=0.1)
    with watching() as watched:
        for _ in range(5):
            model.zero_grad()
            functional.cross_entropy(model(x), y).backward()
            optimizer.step()
            with torch.no_grad():
                for parameter in model[0].parameters():
                    parameter -= 0.1 * parameter.grad
    assert watched.found == []


def test_gradients_are_judged_for_each_optimizer(watching):
    torch.manual_seed(0)
    generator, discriminator = nn.Linear(4, 8), nn.Linear(8, 1)
    first = torch.optim.SGD(generator.parameters(), lr=0.01)
    second = torch.optim.SGD(discriminator.parameters(), lr=0.01)
    loss = functional.binary_cross_entropy_with_logits
    with watching() as watched:
        for _ in range(6):
            second.zero_grad()
            fake = generator(torch.randn(16, 4))
            loss(discriminator(torch.randn(16, 8)), torch.ones(16, 1)).backward()
            loss(discriminator(fake.detach()), torch.zeros(16, 1)).backward()
            second.step()
            first.zero_grad()
            loss(discriminator(fake), torch.ones(16, 1)).backward()
            first.step()
    assert [o["stale_steps"] for o in watched.facts.optimizers] == [0, 0]
    assert min(o["judged_steps"] for o in watched.facts.optimizers) >= 4
    assert watched.found == []


def test_zero_grad_that_keeps_zeros_is_seen_as_clearing(watching, task):
    model, x, y = task
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watching() as watched:
        for _ in range(6):
            optimizer.zero_grad(set_to_none=False)
            functional.cross_entropy(model(x), y).backward()
            optimizer.step()
    assert watched.facts.optimizers[0]["stale_steps"] == 0


def test_units_of_zero_layers_that_separate_are_healthy(watching, task, train):
    model, x, y = task
    for parameter in model[2].parameters():
        nn.init.zeros_(parameter)
    with watching() as watched:
        train(model, x, y)
    looks = {layer["name"]: layer["looks"] for layer in watched.facts.units}
    assert looks["model.2"][0]["weight"] == 1
    assert looks["model.2"][-1]["weight"] < 0.9
    assert watched.found == []


def test_tied_weights_are_one_parameter(watching):
    embedding = nn.Embedding(11, 8)
    output = nn.Linear(8, 11, bias=False)
    output.weight = embedding.weight
    model = nn.Sequential(embedding, output)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    tokens = torch.arange(11)
    with watching() as watched:
        for _ in range(5):
            optimizer.zero_grad()
            functional.cross_entropy(model(tokens), tokens).backward()
            optimizer.step()
    assert [p["name"] for p in watched.facts.parameters] == ["model.0.weight"]
    assert watched.found == []


def test_averaged_copies_are_not_taken_for_forgotten(watching, task):
    model, x, y = task
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    average = copy.deepcopy(model)
    with watching() as watched:
        for _ in range(5):
            optimizer.zero_grad()
            functional.cross_entropy(model(x), y).backward()
            optimizer.step()
            with torch.no_grad():
                for slow, fast in zip(average.parameters(), model.parameters(), strict=True):
                    slow.lerp_(fast, 0.1)
                average(x)
    assert watched.found == []


def test_layers_of_a_library_are_told_from_those_of_the_person():
    from unstuck.observe.probes.parameters import _is_own

    class Mine(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.Linear(2, 2))
            self.encoder = nn.TransformerEncoderLayer(4, 2, 8)
            self.theirs = theirs()

    theirs = type("Pooler", (nn.Module,), {"__module__": "somewhere.installed"})
    inside = dict(Mine().named_modules())
    inside["theirs.dense"] = nn.Linear(2, 2)
    assert _is_own(inside, "body.0.weight")
    assert _is_own(inside, "encoder.linear1.weight")
    assert not _is_own(inside, "theirs.dense.weight")


def test_a_model_that_is_trained_after_another_is_reached_by_its_own_steps(watching, task):
    _, x, y = task
    with watching() as watched:
        for steps in (40, 2):  # in the second no graph is walked
            net = nn.Linear(8, int(y.max()) + 1)
            optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
            for _ in range(steps):
                optimizer.zero_grad()
                functional.cross_entropy(net(x), y).backward()
                optimizer.step()
            optimizer.zero_grad()
    assert all(each["reached"] for each in watched.facts.families["parameters"])
