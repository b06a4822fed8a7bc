import copy

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from unstuck.trials.changes import all_changes
from unstuck.trials.changes._structure import structure_of
from unstuck.trials.replay import NotApplicable, Replay

x = torch.randn(16, 4)


class Functional(nn.Module):
    """Four layers, with a function between them."""

    def __init__(self, between=lambda x: x, depth=4):
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(depth)])
        self.between = between

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = self.between(layer(x))
        return self.layers[-1](x)


class ByHand(nn.Module):
    """The same with products."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        layers = Functional().layers
        self.weights = nn.ParameterList([nn.Parameter(layer.weight.T.clone()) for layer in layers])
        self.biases = nn.ParameterList([nn.Parameter(layer.bias.clone()) for layer in layers])

    def forward(self, x):
        for weight, bias in zip(self.weights, self.biases, strict=True):
            x = x @ weight + bias
        return x


def modules(*between):
    layers = Functional().layers
    return nn.Sequential(
        *[m for layer in layers[:-1] for m in (layer, *map(copy.deepcopy, between))], layers[-1]
    )


def is_linear(model):
    with torch.no_grad():
        a, b = torch.randn(16, 4), torch.randn(16, 4)
        gap = model(a + b) - model(a) - model(b) + model(torch.zeros(16, 4))
    return bool(gap.abs().max() < 1e-5)


def output(model):
    with torch.no_grad():
        return model(x)


relu_net = output(Functional(torch.relu))


@pytest.mark.parametrize(
    "make",
    [
        Functional,
        modules,
        lambda: modules(nn.Identity()),
        lambda: modules(nn.Flatten()),
        lambda: Functional(lambda x: x.view(-1, 4).contiguous() * 1.0),
        lambda: Functional(lambda x: checkpoint(nn.Identity(), x, use_reentrant=False)),
        ByHand,
        lambda: nn.Sequential(Functional()),
    ],
)
def test_relu_is_put_between_layers_that_follow_each_other(live, make):
    model = make()
    assert is_linear(model)
    state = torch.get_rng_state()
    replay = live(model, [], x, change="insert-nonlinearity")
    assert torch.equal(state, torch.get_rng_state())
    assert replay.words == ["ReLU after 3 linear layers"]
    assert torch.allclose(output(model), relu_net, atol=1e-6)
    assert not is_linear(model)
    assert torch.allclose(output(copy.deepcopy(model)), relu_net, atol=1e-6)


def test_checkpointed_layers_are_recomputed_with_it(live):
    class Checkpointed(Functional):
        def forward(self, x):
            for layer in self.layers:
                x = checkpoint(layer, x, use_reentrant=False)
            return x

    plain, model = Functional(torch.relu), Checkpointed()
    plain(x).sum().backward()
    live(model, [], x, change="insert-nonlinearity")
    model(x).sum().backward()
    for one, two in zip(plain.parameters(), model.parameters(), strict=True):
        assert torch.allclose(one.grad, two.grad, atol=1e-6)


class Bottleneck(nn.Module):
    def __init__(self):
        super().__init__()
        self.down, self.up = nn.Linear(4, 2, bias=False), nn.Linear(2, 4, bias=False)

    def forward(self, x):
        return x + self.up(self.down(x))


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(4, 4) for _ in range(4))

    def forward(self, x):
        weights = torch.softmax(self.query(x) @ self.key(x).T, -1)
        return self.out(weights @ self.value(x))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Functional(torch.relu),
        lambda: modules(nn.Tanh()),
        lambda: modules(nn.LayerNorm(4)),
        lambda: nn.Linear(4, 4),
        Bottleneck,
        Attention,
        lambda: nn.TransformerEncoderLayer(4, 2, 8),
    ],
)
def test_nothing_is_missing(make):
    model = make()
    before = output(model.eval())
    with pytest.raises(NotApplicable):
        all_changes()["insert-nonlinearity"](Replay([model], [], arguments=(x,)))
    assert torch.equal(output(model), before)


def test_depthwise_convolutions_are_factored_on_purpose():
    model = nn.Sequential(nn.Conv2d(4, 4, 3, groups=4), nn.Conv2d(4, 8, 1))
    with pytest.raises(NotApplicable):
        all_changes()["insert-nonlinearity"](
            Replay([model], [], arguments=(torch.randn(2, 4, 8, 8),))
        )


def test_convolutions_and_their_pooling(live):
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.AvgPool2d(2), nn.Conv2d(4, 8, 3), nn.Flatten()
    )
    model.append(nn.LazyLinear(3))
    images = torch.randn(4, 1, 12, 12)
    model(images)
    replay = live(model, [], images, change="insert-nonlinearity")
    assert replay.words == ["ReLU after 2 linear layers"]


def test_the_pass_leaves_no_trace():
    class Stateful(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.norm = nn.Linear(4, 4), nn.BatchNorm1d(4)
            self.state = None

        def forward(self, x):
            self.state = self.layer(x)
            torch.rand(3)
            return self.norm(functional.dropout(self.state, 0.5, True))

    model = Stateful()
    model.norm.eval()
    state, before = torch.get_rng_state(), copy.deepcopy(model.state_dict())
    given = x.clone()
    structure_of(Replay([model], [], arguments=(given,)))
    assert torch.equal(state, torch.get_rng_state())
    assert torch.equal(given, x)
    assert model.state is None
    assert (model.training, model.norm.training) == (True, False)
    assert all(
        torch.equal(a, b) for a, b in zip(before.values(), model.state_dict().values(), strict=True)
    )


class Dropping(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x):
        return functional.dropout(self.layer(x), 0.9, self.training)


@pytest.mark.parametrize(
    "make", [Dropping, lambda: nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.9))]
)
def test_a_rate_that_was_meant_as_what_is_kept(live, make):
    model = make()
    many = torch.ones(2000, 4)
    replay = live(model, [], many, change="less-dropout")
    assert replay.words == ["dropout 0.9 to 0.1"]
    dropped = float((model(many) == 0).float().mean())
    assert dropped == pytest.approx(0.1, abs=0.02)
    assert bool((model.eval()(many) != 0).all())


def test_modules_that_drop_inside():
    model = nn.ModuleList([nn.LSTM(4, 4, 2, dropout=0.4), nn.MultiheadAttention(4, 2, dropout=0.2)])
    words = all_changes()["less-dropout"](Replay([model], []))
    assert words == "dropout 0.2 to 0.1, 0.4 to 0.2"
    assert (model[0].dropout, model[1].dropout) == (0.2, 0.1)


def test_no_dropout():
    with pytest.raises(NotApplicable):
        all_changes()["less-dropout"](Replay([modules()], [], arguments=(x,)))
