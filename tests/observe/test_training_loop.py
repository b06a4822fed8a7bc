"""Modes, validation, schedulers, accumulation, stored graphs: held against what the loop plainly did."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from unstuck.checks import diagnose


@pytest.fixture
def noisy():
    torch.manual_seed(0)
    parts = nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 3)
    return nn.Sequential(*parts)


def batches(x, y, size=16, **how):
    return DataLoader(TensorDataset(x, y), batch_size=size, **how)


def step(model, x, y, optimizer):
    optimizer.zero_grad()
    loss = functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()


def warnings(watched):
    return sorted(f.check for f in diagnose(watched.facts).findings if f.severity != "note")


def test_validation_is_told_from_training_with_and_without_gradients(watching, noisy, task):
    _, x, y = task
    optimizer = torch.optim.SGD(noisy.parameters(), lr=0.1)
    training, held_out = batches(x, y, 16), batches(x, y, 32)
    expected = []
    with watching() as watched:
        for epoch in range(6):
            noisy.train()
            for a, b in training:
                step(noisy, a, b, optimizer)
            noisy.eval()
            losses = []
            with torch.set_grad_enabled(epoch % 2 == 1):
                for a, b in held_out:
                    losses.append(functional.cross_entropy(noisy(a), b).item())
            expected.append(sum(losses) / len(losses))
    assert watched.session.steps == 24
    seen = watched.facts.validation
    got = [(e["forwards"], e["rows"], e["training"], e["losses"]) for e in seen["evaluations"]]
    assert got == [(2, 64, 0, 2)] * 6
    assert [e["graphs"] for e in seen["evaluations"]] == [0, 2] * 3
    assert all(e["own_loader"] for e in seen["evaluations"])
    [curve] = seen["curves"]
    assert [step for step, _ in curve["values"]] == [3, 7, 11, 15, 19, 23]
    assert [value for _, value in curve["values"]] == pytest.approx(expected)
    assert watched.facts.modes[0]["steps"] == 24
    assert warnings(watched) == ["validation-with-gradients"]


def test_accuracy_of_the_evaluations_is_that_of_the_script(watching, task):
    model, x, y = task
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    expected = []
    with watching() as watched:
        for _ in range(8):
            step(model, x, y, optimizer)
            with torch.no_grad():
                output = model(x)
                functional.cross_entropy(output, y)
                expected.append((output.argmax(1) == y).float().mean().item())
    [curve] = watched.facts.validation["curves"]
    assert [value for _, value in curve["accuracy"]] == pytest.approx(expected)


def test_training_and_validation_loss_from_one_function_are_two_curves(watching, task):
    model, x, y = task
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def evaluate(a, b):
        with torch.no_grad():
            return functional.cross_entropy(model(a), b).item()

    first, second = [], []
    with watching() as watched:
        for _ in range(5):
            step(model, x, y, optimizer)
            first.append(evaluate(x[:32], y[:32]))
            second.append(evaluate(x[32:], y[32:]))
    curves = [[v for _, v in c["values"]] for c in watched.facts.validation["curves"]]
    assert curves == [pytest.approx(first), pytest.approx(second)]


def test_light_steps_go_on_with_the_curve(watching, task, train):
    model, x, y = task
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    expected = []
    with watching(budget=0.0, close_steps=3) as watched:
        watched.session.spent = 10.0
        for _ in range(30):
            step(model, x, y, optimizer)
            with torch.no_grad():
                expected.append(functional.cross_entropy(model(x), y).item())
    curves = watched.facts.validation["curves"]
    values = {at: value for curve in curves for at, value in curve["values"]}
    assert sum(len(curve["values"]) for curve in curves) >= 28
    assert all(any(abs(value - e) < 1e-6 for e in expected) for value in values.values())


def test_a_model_left_in_evaluation_mode(watching, noisy, task):
    _, x, y = task
    optimizer = torch.optim.SGD(noisy.parameters(), lr=0.1)
    with watching() as watched:
        for at in range(40):
            if at == 8:
                noisy.eval()
            step(noisy, x, y, optimizer)
    [mode] = watched.facts.modes
    assert (mode["steps"], mode["quiet_since"], mode["quiet_steps"]) == (40, 8, 32)
    assert mode["optimized"] == sum(p.numel() for p in noisy.parameters())
    assert warnings(watched) == ["eval-mode-in-training"]


def test_attacks_in_evaluation_mode_are_no_training(watching, noisy, task):
    _, x, y = task
    optimizer = torch.optim.SGD(noisy.parameters(), lr=0.1)
    with watching() as watched:
        for _ in range(30):
            noisy.eval()
            given = x.clone().requires_grad_()
            (slope,) = torch.autograd.grad(functional.cross_entropy(noisy(given), y), given)
            noisy.train()
            step(noisy, x + 0.01 * slope.sign(), y, optimizer)
    assert watched.facts.modes[0]["quiet_since"] is None
    assert warnings(watched) == []


def test_values_behind_a_mean_are_samples_times_pixels(watching):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(64, 6),
        nn.BatchNorm1d(6), nn.Linear(6, 2),
    )  # fmt: skip
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watching() as watched:
        for _ in range(6):
            step(model, torch.randn(12, 1, 4, 4), torch.randint(0, 2, (12,)), optimizer)
    layers = watched.facts.modes[0]["batch_norm"]
    assert [(e["name"], e["values"], e["batch"]) for e in layers] == [
        ("model.1", 12 * 16, 12),
        ("model.4", 12, 12),
    ]


@pytest.mark.parametrize("still", [True, False])
def test_drift_of_a_frozen_backbone(watching, still):
    torch.manual_seed(0)
    backbone = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16))
    for _ in range(30):
        backbone(torch.randn(64, 8))
    backbone.requires_grad_(False)
    model = nn.Sequential(backbone, nn.ReLU(), nn.Linear(16, 3))
    optimizer = torch.optim.SGD(model[2].parameters(), lr=0.1)
    model.train()
    if still:
        backbone.eval()
    norm = backbone[1]
    before, spread = norm.running_mean.clone(), (norm.running_var + norm.eps).sqrt()
    with watching() as watched:
        for _ in range(31):  # the last look is before the last step's forward pass
            at_look = norm.running_mean.clone()
            x = torch.randn(64, 8) + 1
            step(model, x, x[:, :3].argmax(1), optimizer)
    [layer] = watched.facts.modes[0]["batch_norm"]
    if still:
        assert layer["drift"] is None
    else:
        expected = ((at_look - before) / spread).square().mean().sqrt()
        assert layer["drift"] == pytest.approx(float(expected), rel=0.2)
    assert warnings(watched) == ([] if still else ["frozen-batch-norm-drift"])


def test_an_averaged_copy_is_not_frozen(watching, noisy, task):
    _, x, y = task
    average = copy.deepcopy(noisy).requires_grad_(False)
    optimizer = torch.optim.SGD(noisy.parameters(), lr=0.1)
    with watching() as watched:
        for _ in range(30):
            with torch.no_grad():
                targets = average(x).softmax(1)
            optimizer.zero_grad()
            output = noisy(x)
            (functional.cross_entropy(output, y) + functional.mse_loss(output.softmax(1), targets)
             ).backward()  # fmt: skip
            optimizer.step()
            with torch.no_grad():
                for slow, fast in zip(average.parameters(), noisy.parameters(), strict=True):
                    slow.lerp_(fast, 0.1)
    assert warnings(watched) == []


def test_a_gan_is_healthy(watching):
    torch.manual_seed(0)
    generator = nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 8))
    critic = nn.Sequential(nn.Linear(8, 16), nn.LeakyReLU(), nn.Dropout(0.3), nn.Linear(16, 1))
    first = torch.optim.Adam(generator.parameters(), lr=1e-3)
    second = torch.optim.Adam(critic.parameters(), lr=1e-3)
    loss = functional.binary_cross_entropy_with_logits
    one, zero = torch.ones(32, 1), torch.zeros(32, 1)
    with watching() as watched:
        for at in range(40):
            fake = generator(torch.randn(32, 4))
            second.zero_grad()
            loss(critic(torch.randn(32, 8)), one).backward()
            loss(critic(fake.detach()), zero).backward()
            second.step()
            first.zero_grad()
            loss(critic(fake), one).backward()
            first.step()
            if at % 10 == 9:
                with torch.no_grad():
                    generator(torch.randn(64, 4))
    assert {mode["model"] for mode in watched.facts.modes} == {"generator", "critic"}
    assert warnings(watched) == []


def test_q_learning_is_healthy(watching):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    with watching() as watched:
        for _ in range(40):
            for _ in range(4):
                net(torch.randn(1, 4)).argmax(1)  # acting, with gradients on
            here, there = torch.randn(32, 4), torch.randn(32, 4)
            values = net(here)[:, 0]
            targets = torch.randn(32) + 0.9 * net(there).max(1).values.detach()
            optimizer.zero_grad()
            functional.smooth_l1_loss(values, targets).backward()
            optimizer.step()
    assert warnings(watched) == []


def test_pseudo_labels_are_healthy(watching, noisy, task):
    _, x, y = task
    optimizer = torch.optim.SGD(noisy.parameters(), lr=0.05)
    with watching() as watched:
        for _ in range(30):
            output = noisy(x)
            with torch.no_grad():
                pseudo = noisy(x + 0.01 * torch.randn_like(x)).argmax(1)
            optimizer.zero_grad()
            (functional.cross_entropy(output, y) + functional.cross_entropy(noisy(x), pseudo)
             ).backward()  # fmt: skip
            optimizer.step()
    assert warnings(watched) == []


def test_several_losses_of_one_model_are_no_accumulation(watching, task):
    model, x, y = task
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watching() as watched:
        for _ in range(10):
            optimizer.zero_grad()
            functional.cross_entropy(model(x), y).backward()
            functional.mse_loss(model(x), torch.zeros(64, 3)).backward()
            optimizer.step()
    assert watched.facts.accumulation["windows"] == [[0, 10]]
    assert warnings(watched) == []


@pytest.mark.parametrize("how", ["plain", "divided", "gradients divided"])
def test_accumulated_losses(watching, task, how):
    model, x, y = task
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watching() as watched:
        for _ in range(10):
            optimizer.zero_grad()
            for part in range(4):
                rows = slice(16 * part, 16 * part + 16)
                loss = functional.cross_entropy(model(x[rows]), y[rows])
                (loss / 4 if how == "divided" else loss).backward()
            if how == "gradients divided":
                for parameter in model.parameters():
                    parameter.grad /= 4
            optimizer.step()
    seen = watched.facts.accumulation
    assert seen["windows"] == [[4, 10]]
    assert seen["ratios"][0][1] == pytest.approx(0.25 if how == "divided" else 1)
    assert (seen["rescaled"] > 0.5 * seen["judged"]) == (how == "gradients divided")
    assert warnings(watched) == (["accumulation-not-divided"] if how == "plain" else [])


def test_closures_are_no_accumulation(watching, task):
    model, x, y = task
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=4)

    def closure():
        optimizer.zero_grad()
        loss = functional.cross_entropy(model(x), y)
        loss.backward()
        return loss

    with watching() as watched:
        for _ in range(6):
            optimizer.step(closure)
    assert watched.facts.accumulation is None
    assert warnings(watched) == []


@pytest.mark.parametrize("cleared", [True, False])
def test_windows_that_the_data_cut(watching, task, cleared):
    model, x, y = task
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loader = batches(x[:48], y[:48], 8)
    with watching() as watched:
        for _ in range(4):
            if cleared:
                optimizer.zero_grad()
            for at, (a, b) in enumerate(loader):
                (functional.cross_entropy(model(a), b) / 4).backward()
                if at % 4 == 3:
                    optimizer.step()
                    optimizer.zero_grad()
    seen = watched.facts.accumulation
    assert [(each["passes"], each["cleared"]) for each in seen["cut"]] == [(2, cleared)] * 3
    assert (seen["batches"], seen["epochs"]) == (6, 3)


@pytest.mark.parametrize("keep", ["list", "sum", "average", "number"])
def test_stored_losses(watching, task, keep):
    model, x, y = task
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    kept, total = [], 0.0
    with watching() as watched:
        for _ in range(14):
            optimizer.zero_grad()
            loss = functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            if keep == "list":
                kept.append(loss)
            elif keep == "sum":
                total += loss
            elif keep == "average":
                total = 0.9 * total + 0.1 * loss
            else:
                total += loss.item()
    last = watched.facts.kept_graphs["counts"][-1]
    assert last["marked"] >= 6
    assert last["alive"] == (0 if keep == "number" else last["marked"])
    assert warnings(watched) == ([] if keep == "number" else ["graph-kept-alive"])


SCHEDULERS = torch.optim.lr_scheduler


@pytest.mark.parametrize(
    "build",
    [
        lambda o: SCHEDULERS.CosineAnnealingLR(o, T_max=10),
        lambda o: SCHEDULERS.OneCycleLR(o, 0.1, total_steps=100),
        lambda o: SCHEDULERS.ReduceLROnPlateau(o),
        lambda o: SCHEDULERS.LambdaLR(o, lambda at: 0.9**at),
        lambda o: SCHEDULERS.SequentialLR(
            o, [SCHEDULERS.LinearLR(o), SCHEDULERS.StepLR(o, 10)], [3]
        ),
        lambda o: SCHEDULERS.ChainedScheduler([SCHEDULERS.StepLR(o, 10)]),
        lambda o: SCHEDULERS.CosineAnnealingWarmRestarts(o, T_0=5),
    ],
)
def test_steps_of_schedulers_are_counted(watching, task, build):
    model, x, y = task
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loader = batches(x, y, 16)
    with watching() as watched:
        scheduler = build(optimizer)
        rates = []
        for _ in range(5):
            for a, b in loader:
                rates.append(optimizer.param_groups[0]["lr"])
                step(model, a, b, optimizer)
            plateau = isinstance(scheduler, SCHEDULERS.ReduceLROnPlateau)
            scheduler.step(*([1.0] if plateau else []))
    outer = [each for each in watched.facts.schedulers if not each["inner"]]
    [seen] = outer
    assert (seen["name"], seen["steps"], seen["updates"]) == (type(scheduler).__name__, 5, 20)
    assert (seen["epochs"], seen["per_epoch"]) == (4, 4)
    assert seen["rates"][0] == [1, rates[0]]
    assert seen["built_at"]["code"].startswith(("lambda", "o, [", "scheduler"))


def test_loaders_of_training_are_told_from_others(watching, task):
    model, x, y = task
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    training, held_out = batches(x[:49], y[:49], 16), batches(x, y, 32)
    with watching() as watched:
        for _ in range(3):
            for at, (a, b) in enumerate(training):
                step(model, a, b, optimizer)
                if at == 1:
                    with torch.no_grad():
                        for c, d in held_out:
                            functional.cross_entropy(model(c), d)
    loaders = watched.facts.families["data"]["loaders"]
    seen = [(e["trains"], e["last_batch"], e["completed"]) for e in loaders]
    assert seen == [(True, 1, 2), (False, 32, 2)]


def test_smoothness_is_the_correlation_of_neighbours(watching):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 2, 5), nn.Flatten(), nn.Linear(32, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    start = model[0].weight.detach().clone()
    with watching() as watched:
        for _ in range(6):
            step(model, torch.randn(8, 1, 8, 8), torch.randint(0, 2, (8,)), optimizer)
    [seen] = watched.facts.filters
    weight = model[0].weight.detach().double()
    products, squares = [], []
    for filter_ in weight[:, 0]:
        w = filter_ - filter_.mean()
        for i in range(5):
            for j in range(5):
                squares.append(float(w[i, j] ** 2))
                products += [float(w[i, j] * w[i + 1, j])] if i < 4 else []
                products += [float(w[i, j] * w[i, j + 1])] if j < 4 else []
    expected = (sum(products) / len(products)) / (sum(squares) / len(squares))
    assert seen["smooth"][-1] == [6, pytest.approx(expected)]
    moved = (weight - start.double()).norm() / start.double().norm()
    assert seen["change"] == pytest.approx(float(moved), rel=1e-4)
    assert (seen["name"], seen["kernel"]) == ("model.0", [5, 5])


def test_gradients_cleared_in_the_middle_of_a_window_are_a_cut(watching, task):
    model, x, y = task
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watching() as watched:
        for _ in range(4):
            optimizer.zero_grad()
            for index, rows in enumerate(torch.arange(56).split(8)):
                functional.cross_entropy(model(x[rows]), y[rows]).backward()
                if index % 4 == 3:
                    optimizer.step()
                    optimizer.zero_grad()
    seen = watched.facts.accumulation
    assert [each["passes"] for each in seen["cut"]] == [3, 3, 3]
    assert all(each["cleared"] for each in seen["cut"])
