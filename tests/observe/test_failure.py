"""The flight recorder names the first operation, its layer, the rows and when norms began to grow."""

import pytest
import torch
from torch import nn
from torch.nn import functional


class Net(nn.Module):
    def __init__(self, last=lambda x: x):
        super().__init__()
        self.first = nn.Linear(4, 8)
        self.second = nn.Linear(8, 1)
        self.last = last

    def forward(self, x):
        return self.last(self.second(torch.relu(self.first(x))))


def train(net, batches, loss_of, lr=0.01):
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    for x in batches:
        optimizer.zero_grad()
        loss = loss_of(net(x))
        loss.backward()
        optimizer.step()


@pytest.fixture(autouse=True)
def same_weights():
    """A net drawn before the data explodes sooner or later, whatever was drawn before it."""
    torch.manual_seed(0)


def batches(count, poisoned=None):
    torch.manual_seed(0)
    made = [torch.randn(16, 4) for _ in range(count)]
    if poisoned is not None:
        made[-1][poisoned] = float("nan")
    return made


@pytest.fixture(params=["closely", "lightly"])
def lightly(request, watching):
    """Both ways of watching a step see the failure."""

    def watch(steps):
        if request.param == "closely":
            return watching()
        return watching(budget=0.0, close_steps=3)

    def spent(watched):
        if request.param == "lightly":
            watched.session.spent = 1000.0

    return watch, spent


def failure_of(lightly, net, data, loss_of, lr=0.01):
    watch, spent = lightly
    torch.manual_seed(1)
    with watch(len(data)) as watched:
        spent(watched)
        train(net, data, loss_of, lr)
    return watched.facts.failure, watched.facts.loss


def test_a_logarithm_of_nothing_is_named_with_layer_and_row(lightly):
    data = batches(40)

    def loss_of(out):
        p = torch.sigmoid(out)
        loss_of.calls = getattr(loss_of, "calls", 0) + 1
        if loss_of.calls == 40:
            p = p * (torch.arange(16) != 5)[:, None]
        return -torch.log(p).mean()

    found, loss = failure_of(lightly, Net(), data, loss_of)
    assert (found["began"], found["step"]) == ("loss", 39)
    assert loss["nonfinite_steps"] == [39]
    where = found["origin"]
    assert (where["operation"], where["layer"], where["given"]) == ("log", "net.second", False)
    assert (where["rows"], where["batch"]) == ([5], 16)


def test_a_bad_row_of_the_input_is_named(lightly):
    found, _ = failure_of(lightly, Net(), batches(40, poisoned=7), lambda out: (out**2).mean())
    where = found["origin"]
    assert where["given"]
    assert (where["rows"], where["layer"], where["operation"]) == ([7], "net.first", "linear layer")


def test_a_gradient_that_fails_before_the_loss_names_the_operation(lightly):
    def loss_of(out):
        loss_of.calls = getattr(loss_of, "calls", 0) + 1
        return torch.sqrt((out * float(loss_of.calls != 41)).pow(2).mean())

    found, loss = failure_of(lightly, Net(), batches(43), loss_of)
    # Steps that pass lightly show it one step later: by then the update has broken the weights.
    assert (found["began"], found["step"]) in [("gradient", 40), ("weights", 41)]
    assert "square root" in found["suspects"]
    assert "net.first.bias" in found["broken"]
    assert loss["nonfinite_steps"][0] == 41


def test_a_run_that_explodes_tells_since_when(lightly):
    target = torch.ones(16, 1)
    found, loss = failure_of(
        lightly, Net(), batches(120), lambda out: functional.mse_loss(out, target), lr=3.0
    )
    assert loss["nonfinite_count"]
    assert found["began"] in ("loss", "weights", "gradient")
    assert len(found["gradient_norms"]) > 2
    assert found["weight_norms"][-1][0] <= 120


def test_weights_that_the_script_broke_are_named(lightly):
    net = Net()

    def careless():
        for index, batch in enumerate(batches(40)):
            if index == 30:
                with torch.no_grad():
                    net.second.weight[0, 3] = float("inf")
            yield batch

    watch, spent = lightly
    with watch(40) as watched:
        spent(watched)
        train(net, careless(), lambda out: (out**2).mean())
    found = watched.facts.failure
    assert found["step"] == 30
    assert found["broken"][0] == "net.second.weight"
    assert found["began"] == "weights"


def test_a_healthy_run_has_norms_and_no_failure(lightly):
    found, _ = failure_of(lightly, Net(), batches(60), lambda out: (out**2).mean())
    assert (found["began"], found["origin"], found["broken"]) == ("", None, [])
    assert len(found["gradient_norms"]) == len(found["weight_norms"]) > 0


def test_nothing_is_read_where_saved_tensors_are_hooked(watching):
    unpacked = []
    hooks = torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: unpacked.append(1) or t)
    net = Net()
    x = torch.full((16, 4), float("nan"))
    with watching() as watched:
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        for _ in range(2):
            with hooks:
                loss = net(x).mean()
            unpacked.clear()
            # Not by the backward itself, whose unpacking is the script's.
            watched.session.backward_begins([loss], True)
            assert not unpacked
        del optimizer
    assert watched.session.saved_hooks


def test_the_norms_are_those_of_a_slow_computation(watching):
    net, data = Net(), batches(3)
    expected = []
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    with watching() as watched:
        for x in data:
            optimizer.zero_grad()
            (net(x) ** 2).mean().backward()
            parts = [[p.grad for p in net.parameters()], list(net.parameters())]
            with torch.no_grad():
                expected.append(
                    [torch.cat([t.reshape(-1) for t in each]).norm().item() for each in parts]
                )
            optimizer.step()
    for at, name in enumerate(("gradient_norms", "weight_norms")):
        found = watched.facts.failure[name]
        assert found[0][0] == 0
        assert [norm for _, norm in found] == pytest.approx(
            [expected[step][at] for step, _ in found], rel=1e-5
        )
