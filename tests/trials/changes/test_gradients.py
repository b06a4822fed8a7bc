import pytest
import torch
from torch import nn
from torch.nn import functional

from unstuck.trials.changes import all_changes
from unstuck.trials.replay import NotApplicable, Replay

torch.manual_seed(0)
x, y = torch.randn(16, 4), torch.randn(16, 1)


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 1))


def weights(*models):
    return [p.detach().clone() for model in models for p in model.parameters()]


def equal(a, b):
    return len(a) == len(b) and all(torch.equal(one, two) for one, two in zip(a, b, strict=True))


def train(model, clear, steps=3):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    return model, optimizer, lambda: _train(model, optimizer, clear, steps)


def _train(model, optimizer, clear, steps):
    for _ in range(steps):
        if clear:
            optimizer.zero_grad()
        functional.mse_loss(model(x), y).backward()
        optimizer.step()
    return weights(model)


def test_a_run_that_never_clears_becomes_one_that_does(live):
    _, _, healthy = train(net(), clear=True)
    expected = healthy()
    model, optimizer, faulty = train(net(), clear=False)
    live(model, optimizer, x, change="zero-gradients")
    assert equal(faulty(), expected)


def test_two_optimizers_may_step_after_one_backward_pass(live):
    def loop(model, clear, *arguments):
        optimizers = [torch.optim.SGD(layer.parameters(), lr=0.1) for layer in model]
        if arguments:
            live(model, optimizers, x, change="zero-gradients")
        for _ in range(3):
            for optimizer in optimizers if clear else ():
                optimizer.zero_grad()
            functional.mse_loss(model(x), y).backward()
            for optimizer in optimizers:
                optimizer.step()
        return weights(model)

    assert equal(loop(net(), True), loop(net(), False, "live"))


def test_what_one_models_backward_pass_leaves_on_another_is_cleared(live):
    def loop(clear, *arguments):
        maker, judge = net(), nn.Linear(1, 1)
        nn.init.constant_(judge.weight, 0.5)
        nn.init.zeros_(judge.bias)
        optimizers = [torch.optim.SGD(each.parameters(), lr=0.1) for each in (judge, maker)]
        if arguments:
            live([maker, judge], optimizers, y, change="zero-gradients")
        for _ in range(3):
            if clear:
                optimizers[0].zero_grad()
            functional.mse_loss(judge(y), y * 2).backward()
            optimizers[0].step()
            if clear:
                optimizers[1].zero_grad()
            functional.mse_loss(judge(maker(x)), y).backward()
            optimizers[1].step()
        return weights(maker, judge)

    assert equal(loop(True), loop(False, "live"))


def test_parameters_that_were_forgotten_are_trained(live):
    model = net()
    optimizer = torch.optim.SGD(model[1].parameters(), lr=0.1)
    replay = live(model, optimizer, x, change="give-parameters-to-optimizer")
    assert replay.words == ["2 more parameter tensors given to the optimizer"]
    expected = net()
    every = torch.optim.SGD(expected.parameters(), lr=0.1)
    assert equal(_train(model, optimizer, True, 3), _train(expected, every, True, 3))


@pytest.mark.parametrize("whole", [True, False])
def test_no_parameter_to_give(whole):
    model = net()
    optimizers = [torch.optim.SGD(model.parameters(), lr=0.1)] if whole else []
    with pytest.raises(NotApplicable):
        all_changes()["give-parameters-to-optimizer"](Replay([model], optimizers))


def test_a_model_is_drawn_anew_as_torch_draws_it_whatever_its_own_code_did():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(64, 64))
            self.bias = nn.Parameter(torch.full((64,), -5.0))
            self.scale = nn.Parameter(torch.ones(64))
            self.temperature = nn.Parameter(torch.tensor(0.07))

    class Zero(nn.Linear):
        def reset_parameters(self):
            nn.init.zeros_(self.weight)

    model = nn.Sequential(nn.Linear(64, 64), nn.LayerNorm(64), Own(), Zero(64, 64), nn.LSTM(4, 4))
    for p in model[0].parameters():
        nn.init.constant_(p, 3.0)
    model[4].requires_grad_(False)
    frozen = weights(model[4])
    state = torch.get_rng_state()
    all_changes()["redraw-initialisation"](Replay([model], [], seed=1))
    assert torch.equal(state, torch.get_rng_state())
    assert float(model[0].weight.detach().std()) == pytest.approx(1 / (3 * 64) ** 0.5, rel=0.1)
    assert float(model[2].weight.detach().std()) == pytest.approx((2 / 64) ** 0.5, rel=0.1)
    assert float(model[3].weight.detach().std()) == pytest.approx((2 / 64) ** 0.5, rel=0.1)
    assert not model[2].bias.any()
    assert bool((model[2].scale == 1).all())
    assert float(model[2].temperature.detach()) == pytest.approx(0.07)
    assert equal(weights(model[4]), frozen)
    again = nn.Sequential(nn.Linear(64, 64))
    all_changes()["redraw-initialisation"](Replay([again], [], seed=1))
    assert torch.equal(again[0].weight, model[0].weight)


def test_wrapped_weights_are_drawn_anew_too():
    model = nn.Sequential(
        nn.utils.parametrizations.weight_norm(nn.Linear(8, 64)),
        nn.utils.parametrizations.spectral_norm(nn.Linear(64, 64)),
        nn.MultiheadAttention(8, 2),
    )
    before = [layer.weight.detach().clone() for layer in model[:2]]
    all_changes()["redraw-initialisation"](Replay([model], [], seed=1))
    for old, layer in zip(before, model[:2], strict=True):
        assert not torch.allclose(old, layer.weight)
        assert bool(torch.isfinite(layer.weight).all())


def test_a_frozen_model_has_nothing_to_draw():
    with pytest.raises(NotApplicable):
        all_changes()["redraw-initialisation"](Replay([net().requires_grad_(False)], []))
