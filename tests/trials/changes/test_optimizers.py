import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.optim.optimizer import register_optimizer_step_pre_hook

from unstuck.trials.changes import all_changes
from unstuck.trials.replay import NotApplicable, Replay

torch.manual_seed(0)
x, y = torch.randn(16, 4), torch.randn(16, 1)


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1))


def train(model, optimizer, steps=4, passes=1, before=lambda: None, divide=1, then=lambda: None):
    for _ in range(steps):
        optimizer.zero_grad()
        for _ in range(passes):
            (functional.mse_loss(model(x), y) / divide).backward()
        before()
        optimizer.step()
        then()
    return [p.detach().clone() for p in model.parameters()]


def close(a, b, tolerance=1e-5):
    return all(torch.allclose(one, two, atol=tolerance) for one, two in zip(a, b, strict=True))


def sgd(model, **options):
    return torch.optim.SGD(model.parameters(), **{"lr": 0.1, **options})


def adam(model, **options):
    return torch.optim.Adam(model.parameters(), **options)


def adamw(model, **options):
    return torch.optim.AdamW(model.parameters(), **options)


@pytest.mark.parametrize(
    ("change", "given", "wanted"),
    [
        ("other-optimizer", sgd, lambda m: adam(m, lr=1e-3)),
        ("other-optimizer", lambda m: adam(m, lr=0.3), lambda m: sgd(m, lr=1e-2, momentum=0.9)),
        ("add-momentum", sgd, lambda m: sgd(m, momentum=0.9)),
        ("less-weight-decay", lambda m: sgd(m, weight_decay=1.0), sgd),
        (
            "less-weight-decay",
            lambda m: adamw(m, weight_decay=1.0),
            lambda m: adamw(m, weight_decay=0.0),
        ),
        (
            "decouple-weight-decay",
            lambda m: adam(m, weight_decay=0.5),
            lambda m: adamw(m, weight_decay=0.5),
        ),
        (
            "decouple-weight-decay",
            lambda m: adam(m, weight_decay=1e-4),
            lambda m: adamw(m, weight_decay=0.01),
        ),
        ("weight-decay", lambda m: adam(m, lr=0.1), lambda m: adamw(m, lr=0.1, weight_decay=0.05)),
        ("weight-decay", lambda m: adamw(m, lr=0.1), lambda m: adamw(m, lr=0.1, weight_decay=0.1)),
    ],
)
def test_the_run_is_as_if_the_script_had_built_that_optimizer(live, change, given, wanted):
    model = net()
    expected = train(model, wanted(model))
    model = net()
    optimizer = given(model)
    live(model, optimizer, x, change=change)
    assert close(train(model, optimizer), expected)


def test_another_optimizer_leaves_gradients_and_schedule_to_the_script(live):
    model = net()
    optimizer = adam(model, lr=1e-3)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
    expected = train(model, optimizer, 3, then=schedule.step)
    model = net()
    optimizer = sgd(model)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
    live(model, optimizer, x, change="other-optimizer")
    changed = train(model, optimizer, 3, then=schedule.step)
    assert close(changed, expected)
    assert all(p.grad is not None for p in model.parameters())


@pytest.mark.parametrize(
    ("change", "given"),
    [
        ("other-optimizer", torch.optim.LBFGS),
        ("add-momentum", torch.optim.Adam),
        ("add-momentum", lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.5)),
        ("less-weight-decay", torch.optim.Adam),
        ("decouple-weight-decay", lambda p: torch.optim.AdamW(p, weight_decay=0.1)),
        ("decouple-weight-decay", lambda p: torch.optim.SGD(p, lr=0.1, weight_decay=0.1)),
        ("decouple-weight-decay", torch.optim.Adam),
    ],
)
def test_there_is_nothing_to_change(change, given):
    model = net()
    optimizer = given(model.parameters())
    groups = [dict(group) for group in optimizer.param_groups]
    with pytest.raises(NotApplicable):
        all_changes()[change](Replay([model], [optimizer], arguments=(x,)))
    assert groups == optimizer.param_groups


def test_the_rate_warms_up_and_decays(live):
    used = []
    model = net()
    optimizer = sgd(model)
    live(model, optimizer, x, change="warm-up-and-decay")
    handle = register_optimizer_step_pre_hook(lambda o, *_: used.append(o.param_groups[0]["lr"]))
    train(model, optimizer, 100)
    handle.remove()
    assert used[:2] == pytest.approx([0.01, 0.02])
    assert max(used) == used[9] == pytest.approx(0.1)
    assert used[54] == pytest.approx(0.05)
    assert used[99] == pytest.approx(0.0, abs=1e-9)
    assert optimizer.param_groups[0]["lr"] == 0.1


def test_the_norm_is_clipped_at_the_median_of_the_first(live):
    model = net()
    optimizer = sgd(model)
    live(model, optimizer, x, change="clip-gradient-norm")
    seen, norms = [], [1.0] * 10 + [100.0, 0.5]

    def gradients(norm):
        for p in model.parameters():
            p.grad = torch.zeros_like(p)
        next(model.parameters()).grad[0, 0] = norm

    handle = register_optimizer_step_pre_hook(
        lambda o, *_: seen.append(float(next(model.parameters()).grad.norm()))
    )
    for norm in norms:
        gradients(norm)
        optimizer.step()
    handle.remove()
    assert seen == pytest.approx([1.0] * 11 + [0.5])


def test_entries_are_clipped_at_the_size_of_nine_in_ten(live):
    model = nn.Linear(10, 10, bias=False)
    optimizer = sgd(model)
    live(model, optimizer, torch.randn(2, 10), change="clip-gradient-value")
    model.weight.grad = torch.arange(1.0, 101.0).reshape(10, 10) * torch.tensor([1.0, -1.0] * 5)
    optimizer.step()
    assert float(model.weight.grad.max()) == 89.0 or float(model.weight.grad.max()) == 90.0
    assert float(model.weight.grad.min()) == -90.0
    assert float(model.weight.grad[0, 0]) == 1.0


@pytest.mark.parametrize("imported", ["by attribute", "by name"])
def test_clipping_that_is_too_tight_is_widened(live, imported, monkeypatch):
    for name in ("clip_grad_norm_", "clip_grad_value_"):
        for owner in (nn.utils, nn.utils.clip_grad):
            monkeypatch.setattr(owner, name, getattr(owner, name))
    monkeypatch.setitem(globals(), "by_name", nn.utils.clip_grad_norm_)
    model = net()
    optimizer = sgd(model)
    live(model, optimizer, x, change="raise-clipping-threshold")

    def clip():
        function = by_name if imported == "by name" else nn.utils.clip_grad_norm_  # noqa: F821
        norm = function(model.parameters(), max_norm=1e-6)
        assert float(norm) > 0
        nn.utils.clip_grad_value_(model.parameters(), 1e-9)

    changed = train(model, optimizer, 2, before=clip)
    model = net()
    assert close(changed, train(model, sgd(model), 2), 0.02)
    assert not close(changed, [p.detach() for p in net().parameters()], 0.001)


def test_a_script_that_does_not_clip_has_no_threshold(live, monkeypatch):
    for name in ("clip_grad_norm_", "clip_grad_value_"):
        for owner in (nn.utils, nn.utils.clip_grad):
            monkeypatch.setattr(owner, name, getattr(owner, name))
    model = net()
    optimizer = sgd(model)
    live(model, optimizer, x, change="raise-clipping-threshold")
    with pytest.raises(NotApplicable):
        train(model, optimizer)


def test_accumulated_gradients_become_their_mean(live):
    model = net()
    expected = train(model, sgd(model), passes=4, divide=4)
    model = net()
    optimizer = sgd(model)
    live(model, optimizer, x, change="divide-accumulated-loss")
    assert close(train(model, optimizer, passes=4), expected)


def test_after_the_first_update_gradients_are_divided_as_they_come(live):
    model = net()
    optimizer = sgd(model)
    live(model, optimizer, x, change="divide-accumulated-loss")
    sizes = []
    train(model, optimizer, 3, 4, lambda: sizes.append(float(model[0].weight.grad.norm())))
    assert sizes[1] < 0.5 * sizes[0]


def test_one_backward_pass_is_not_divided(live):
    model = net()
    optimizer = sgd(model)
    live(model, optimizer, x, change="divide-accumulated-loss")
    with pytest.raises(NotApplicable):
        train(model, optimizer)


def test_only_the_last_layer_is_trained(live):
    model = net()
    optimizer = sgd(model, weight_decay=0.1)
    before = [p.detach().clone() for p in model.parameters()]
    live(model, optimizer, x, change="head-first", state_loaded=True)
    after = train(model, optimizer)
    assert [torch.equal(a, b) for a, b in zip(before, after, strict=True)] == [True] * 2 + [
        False
    ] * 2


def test_all_but_the_last_layer_learn_at_a_tenth(live):
    model = net()
    groups = [
        {"params": model[0].parameters(), "lr": 0.01},
        {"params": model[2].parameters(), "lr": 0.1},
    ]
    optimizer = torch.optim.SGD(groups, momentum=0.9)
    expected = train(model, optimizer)
    model = net()
    optimizer = sgd(model, momentum=0.9)
    live(model, optimizer, x, change="lower-backbone-rate", state_loaded=True)
    assert close(train(model, optimizer), expected)
    assert len(optimizer.param_groups) == 1
    assert optimizer.param_groups[0]["lr"] == 0.1
    assert len(optimizer.param_groups[0]["params"]) == 4


@pytest.mark.parametrize("first", ["lower-backbone-rate", "sham"])
def test_rates_are_taken_back_in_any_order(live, first):
    model = net()
    optimizer = sgd(model)
    second = {"sham": "lower-backbone-rate", "lower-backbone-rate": "sham"}[first]
    live(model, optimizer, x, change=[first, second], state_loaded=True)
    used = []
    handle = register_optimizer_step_pre_hook(
        lambda o, *_: used.append([group["lr"] for group in o.param_groups])
    )
    train(model, optimizer, 2)
    handle.remove()
    assert used == [pytest.approx([0.103, 0.0103])] * 2
    assert [group["lr"] for group in optimizer.param_groups] == [0.1]


@pytest.mark.parametrize("change", ["head-first", "lower-backbone-rate"])
def test_a_single_layer_has_no_backbone(change):
    model = nn.Linear(4, 1)
    with pytest.raises(NotApplicable):
        all_changes()[change](Replay([model], [sgd(model)], arguments=(x,), state_loaded=True))


@pytest.mark.parametrize("change", ["head-first", "lower-backbone-rate", "fresh-start"])
def test_without_loaded_weights_nothing_was_learned_before(change):
    model = net()
    with pytest.raises(NotApplicable, match="no weights were loaded"):
        all_changes()[change](Replay([model], [sgd(model)], arguments=(x,)))


def test_a_last_layer_that_is_frozen_is_trained(live):
    model = net()
    expected = train(model, torch.optim.SGD(model[2].parameters(), lr=0.1))
    model = net()
    model[2].requires_grad_(False)
    optimizer = torch.optim.SGD(model[0].parameters(), lr=0.1)
    live(model, optimizer, x, change="head-first", state_loaded=True)
    assert close(train(model, optimizer), expected)


def test_what_was_frozen_learns(live):
    model = net()
    expected = train(model, sgd(model))
    model = net()
    model[0].requires_grad_(False)
    optimizer = torch.optim.SGD(model[2].parameters(), lr=0.1)
    live(model, optimizer, x, change="unfreeze")
    assert close(train(model, optimizer), expected)


def test_nothing_is_frozen():
    model = net()
    with pytest.raises(NotApplicable):
        all_changes()["unfreeze"](Replay([model], [sgd(model)]))


def test_a_fresh_start_leaves_nothing_of_the_old_weights():
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    model[1].running_mean.fill_(3.0)
    model[1].weight.data.fill_(2.0)
    model[0].requires_grad_(False)
    before = model[0].weight.detach().clone()
    optimizer = torch.optim.SGD(model[2].parameters(), lr=0.1)
    state = torch.get_rng_state()
    all_changes()["fresh-start"](Replay([model], [optimizer], seed=3, state_loaded=True))
    assert torch.equal(state, torch.get_rng_state())
    assert not torch.equal(model[0].weight, before)
    assert model[0].weight.requires_grad
    assert not model[1].running_mean.any()
    assert bool((model[1].weight == 1).all())
    assert len(optimizer.param_groups[0]["params"]) == 6


class Listed(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.blocks = [nn.Linear(4, 4), nn.BatchNorm1d(4)]
        self.named = {"head.last": nn.Linear(4, 1)}
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.named["head.last"](x) * self.scale


def test_modules_of_plain_lists_are_registered_and_trained(live):
    model = Listed()
    optimizer = sgd(model)
    live(model, optimizer, x, change="register-modules")
    assert len(list(model.parameters())) == 7
    before = model.blocks[0].weight.detach().clone()
    train(model, optimizer, 1)
    assert not torch.equal(before, model.blocks[0].weight)
    model.eval()
    assert not model.blocks[1].training


def test_everything_is_registered():
    model = net()
    with pytest.raises(NotApplicable):
        all_changes()["register-modules"](Replay([model], [sgd(model)]))


def test_a_linear_map_learns_in_place_of_the_net(live):
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    images = torch.randn(64, 2, 2)
    wanted = images.reshape(64, 4) @ torch.tensor([[1.0], [-2.0], [0.5], [3.0]])
    optimizer = sgd(model)
    before = [p.detach().clone() for p in model.parameters()]
    state = torch.get_rng_state()
    replay = live(model, optimizer, images, change="linear-model")
    assert torch.equal(state, torch.get_rng_state())
    assert replay.words == ["a linear map of 4 inputs to 1 outputs instead of the model"]
    assert not model(images).any()
    for _ in range(200):
        model.zero_grad()
        functional.mse_loss(model(images), wanted).backward()
        optimizer.step()
    assert model(images).shape == (64, 1)
    assert float(functional.mse_loss(model(images), wanted).detach()) < 1e-3
    assert close([p.detach() for p in model.parameters()], before, 0)


@pytest.mark.parametrize(
    ("model", "given"),
    [
        (nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 1)), torch.arange(6)),
        (nn.Sequential(nn.Linear(4, 4), nn.Flatten(0)), torch.randn(6, 4)),
    ],
)
def test_no_linear_map_fits(model, given):
    with pytest.raises(NotApplicable):
        all_changes()["linear-model"](Replay([model], [sgd(model)], arguments=(given,)))
