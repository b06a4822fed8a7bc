import copy
import functools

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from unstuck.trials.changes import all_changes
from unstuck.trials.changes._structure import structure_of
from unstuck.trials.replay import NotApplicable, Replay

torch.manual_seed(0)
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


@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
@pytest.mark.parametrize("style", ["module", "function", "method", "in place"])
def test_saturating_activations_become_relu(live, name, style):
    kinds = {"sigmoid": nn.Sigmoid(), "tanh": nn.Tanh()}
    ways = {
        "module": lambda: modules(kinds[name]),
        "function": lambda: Functional(getattr(torch, name)),
        "method": lambda: Functional(lambda x: getattr(x, name)()),
        "in place": lambda: Functional(lambda x: getattr(x, name + "_")()),
    }
    model = ways[style]()
    replay = live(model, [], x, change="swap-saturating-activation")
    assert replay.words == [f"ReLU instead of {name} at 3 places"]
    assert torch.allclose(output(model), relu_net, atol=1e-6)
    model(x).sum().backward()


class Loop(nn.Module):
    """The same activation after every layer, the last one too."""

    def __init__(self, activation):
        super().__init__()
        self.layers = Functional().layers
        self.activation = activation

    def forward(self, x):
        for layer in self.layers:
            x = self.activation(layer(x))
        return x


@pytest.mark.parametrize("activation", [torch.sigmoid, nn.Sigmoid()])
def test_the_output_keeps_its_sigmoid(live, activation):
    model = Loop(activation)
    live(model, [], x, change="swap-saturating-activation")
    for _ in range(2):
        assert torch.allclose(output(model), relu_net.sigmoid(), atol=1e-6)


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate, self.value, self.out = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 1)

    def forward(self, x):
        return self.out(torch.sigmoid(self.gate(x)) * self.value(x))


@pytest.mark.parametrize("make", [Gated, lambda: Functional(torch.relu), lambda: nn.LSTM(4, 4)])
def test_gates_are_no_activations(make):
    with pytest.raises(NotApplicable):
        all_changes()["swap-saturating-activation"](Replay([make()], [], arguments=(x,)))


def test_tanh_before_pooling_is_swapped(live):
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(2, 2, 3))
    images = torch.randn(2, 1, 10, 10)
    plain = nn.Sequential(model[0], nn.ReLU(), model[2], model[3])
    expected = plain(images)
    live(model, [], images, change="swap-saturating-activation")
    assert torch.allclose(model(images), expected, atol=1e-6)


@pytest.mark.parametrize(
    "make", [lambda: Functional(torch.relu), lambda: modules(nn.ReLU(inplace=True))]
)
def test_relu_becomes_leaky(live, make):
    model = make()
    expected = output(Functional(lambda x: functional.leaky_relu(x, 0.01)))
    live(model, [], x, change="leaky-activation")
    assert torch.allclose(output(model), expected, atol=1e-6)
    model(x).sum().backward()


@pytest.mark.parametrize("make", [lambda: Functional(torch.relu), lambda: modules(nn.ReLU())])
@pytest.mark.parametrize("rows", [16, 4])
def test_hidden_layers_are_normalised_by_the_batch_if_it_is_large(live, make, rows):
    model = make()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    replay = live(model, optimizer, x[:rows], change="add-normalisation")
    kind = "BatchNorm1d" if rows == 16 else "LayerNorm"
    assert replay.words == [f"{kind} after 3 layers"]
    norm = functional.batch_norm if rows == 16 else functional.layer_norm

    def by_hand(x):
        rest = (None, None, None, None, True) if rows == 16 else ((4,),)
        return torch.relu(norm(x, *rest))

    wanted = Functional(by_hand)(x[:rows])
    assert torch.allclose(model(x[:rows]), wanted, atol=1e-4)
    assert len(optimizer.param_groups[0]["params"]) == 8 + 6
    functional.mse_loss(model(x[:rows]), torch.ones(rows, 4)).backward()
    assert all(p.grad is not None for p in optimizer.param_groups[0]["params"])
    model.eval()
    assert torch.equal(model(x[:1]), model(x[:1]))


@pytest.mark.parametrize(("rows", "kind"), [(2, "GroupNorm"), (16, "BatchNorm2d")])
def test_convolutions_are_normalised_by_channel(live, rows, kind):
    model = nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(216, 3))
    images = torch.randn(rows, 1, 8, 8)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    assert live(model, optimizer, images, change="add-normalisation").words == [
        f"{kind} after 1 layer"
    ]
    assert model(images).shape == (rows, 3)


def test_batch_norm_is_replaced_with_its_own_parameters(live):
    model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 1, 3))
    images = torch.randn(2, 1, 8, 8)
    plain = nn.Sequential(model[0], nn.GroupNorm(8, 8), nn.ReLU(), model[3])
    expected = plain(images)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    replay = live(model, optimizer, images, change="add-group-norm")
    assert replay.words == ["group normalisation instead of 1 batch normalisation"]
    assert torch.allclose(model(images), expected, atol=1e-6)
    model(images).sum().backward()
    assert model[1].weight.grad is not None


@pytest.mark.parametrize(
    "make", [lambda: modules(nn.LayerNorm(4), nn.ReLU()), lambda: nn.Linear(4, 4)]
)
def test_normalised_already_or_nothing_hidden(make):
    model = make()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    groups = len(optimizer.param_groups[0]["params"])
    with pytest.raises(NotApplicable):
        all_changes()["add-normalisation"](Replay([model], [optimizer], arguments=(x,)))
    assert len(optimizer.param_groups[0]["params"]) == groups


def test_dropout_is_added_after_hidden_activations(live):
    model = modules(nn.ReLU())
    state = torch.get_rng_state()
    replay = live(model, [], x, change="more-dropout")
    model(x)
    assert torch.equal(state, torch.get_rng_state())
    assert replay.words == ["dropout 0.5 after 3 activations"]
    assert not torch.equal(model(x), model(x))
    model.eval()
    assert torch.allclose(output(model), relu_net, atol=1e-6)


def test_more_of_the_dropout_there_is(live):
    model = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.2))
    assert live(model, [], x, change="more-dropout").words == ["dropout 0.2 to 0.6"]
    assert model[1].p == pytest.approx(0.6)


def test_no_optimizer_takes_new_parameters():
    with pytest.raises(NotApplicable):
        all_changes()["add-normalisation"](Replay([Functional(torch.relu)], [], arguments=(x,)))


def test_a_model_that_cannot_run_twice_is_not_changed():
    class Once(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, x):
            if not self.training:
                raise ValueError("only in training")
            return self.layer(x)

    model = Once()
    with pytest.raises(NotApplicable, match="only in training"):
        all_changes()["insert-nonlinearity"](Replay([model], [], arguments=(x,)))
    assert model.training


def test_a_loss_inside_the_model_is_one_loss(live):
    class WithLoss(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = Functional()

        def forward(self, x):
            return functional.mse_loss(self.body(x), torch.ones_like(x))

    model = WithLoss()
    replay = live(
        model, torch.optim.SGD(model.parameters(), lr=0.1), x, change="insert-nonlinearity"
    )
    assert replay.losses == []
    calls = []
    replay.change_loss(lambda call: (calls.append(call), call)[1])
    model(x).backward()
    assert len(calls) == 1


def test_a_changed_model_can_be_copied_and_saved(live, tmp_path):
    model = modules(nn.Sigmoid())
    replay = live(model, [], x, change="swap-saturating-activation")
    for module in model.modules():  # those of this test
        for name in list(module._forward_pre_hooks_with_kwargs):
            module._forward_pre_hooks.pop(name)
    assert torch.allclose(output(copy.deepcopy(model)), relu_net, atol=1e-6)
    torch.save(model, tmp_path / "model.pt")
    loaded = torch.load(tmp_path / "model.pt", weights_only=False)
    assert loaded(x).shape == (16, 4)
    assert replay.words


def test_another_model_with_the_same_names_stays(live):
    first, second = modules(), nn.Sequential(*[nn.Linear(4, 4) for _ in range(5)])
    expected = output(second)
    live([second, first], [], x, change="insert-nonlinearity")
    assert torch.allclose(output(first), relu_net, atol=1e-6)
    assert torch.equal(output(second), expected)


def test_two_changes_of_the_structure_do_not_hide_each_other(live):
    model = modules(nn.Sigmoid())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    changes = ["swap-saturating-activation", "add-normalisation", "more-dropout"]
    replay = live(model, optimizer, x, change=changes)
    assert replay.words[1:] == ["BatchNorm1d after 3 layers", "dropout 0.5 after 3 activations"]

    def by_hand(x):
        return torch.relu(functional.batch_norm(x, torch.zeros(4), torch.ones(4)))

    model.eval()
    assert torch.allclose(output(model), output(Functional(by_hand)), atol=1e-4)


def test_a_compiled_model_is_seen(live):
    model = torch.compile(modules(nn.Sigmoid()), backend="eager")
    live(model, [], x, change="swap-saturating-activation")
    assert torch.allclose(output(model), relu_net, atol=1e-6)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_scripted_model_is_not():
    model = torch.jit.trace(modules(nn.Sigmoid()), x)
    with pytest.raises(NotApplicable):
        all_changes()["leaky-activation"](Replay([model], [], arguments=(x,)))


def test_the_model_may_be_called_without_the_replay_knowing(live):
    model, other = Loop(torch.sigmoid), nn.Linear(4, 4)
    replay = live([other, model], [], x, change="swap-saturating-activation")
    output(model)
    other(x)
    replay.called = None
    hooks = list(model._forward_pre_hooks)
    model._forward_pre_hooks.pop(hooks[0])
    model._forward_pre_hooks_with_kwargs.pop(hooks[0])
    for _ in range(2):
        assert torch.allclose(output(model), relu_net.sigmoid(), atol=1e-6)


@pytest.mark.parametrize("more", [[], ["more-dropout"]])
def test_who_asks_the_model_when_a_backward_pass_begins_gets_the_changed_one(
    live, monkeypatch, more
):
    model = modules(nn.Sigmoid())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen, backward = [], torch.autograd.backward

    @functools.wraps(backward)
    def noticed(*arguments, **keywords):
        seen.append(output(model))
        return backward(*arguments, **keywords)

    monkeypatch.setattr(torch.autograd, "backward", noticed)
    live(model, optimizer, x, change=["swap-saturating-activation", *more])
    model.eval()
    model(x).sum().backward()
    assert len(seen) == 1
    assert torch.allclose(seen[0], relu_net, atol=1e-6)


def test_work_that_is_hidden_from_modes_gets_the_changed_model_too(live):
    model = Loop(torch.sigmoid)
    with torch._C.DisableTorchFunction():
        live(model, [], x, change="swap-saturating-activation")
    for _ in range(2):
        assert torch.allclose(output(model), relu_net.sigmoid(), atol=1e-6)
    with torch._C.DisableTorchFunction():
        assert torch.allclose(output(model), relu_net.sigmoid(), atol=1e-6)
        assert not torch._C._is_torch_function_enabled()
