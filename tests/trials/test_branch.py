"""A held run goes on in its replays bit for bit, whatever its loop does, and nothing of it leaks."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset, TensorDataset

STEPS = 40
X = torch.randn(256, 8, generator=torch.Generator().manual_seed(1))
Y = (X[:, 0] > 0).long()


def net(*parts: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), *parts, nn.Linear(16, 2))


def plain():
    model = net(nn.Dropout(0.2))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    for _ in range(STEPS):
        rows = torch.randint(256, (32,))
        loss = functional.cross_entropy(model(X[rows]), Y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def handwritten_loss():
    model = net()
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(STEPS):
        rows = torch.randint(256, (32,))
        chances = torch.softmax(model(X[rows]), 1)
        loss = -torch.log(chances[torch.arange(32), Y[rows]]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def several_forwards_and_accumulation():
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    for step in range(2 * STEPS):
        rows = torch.randint(256, (16,))
        noisy = model(X[rows] + 0.1 * torch.randn(16, 8))
        clean = model(X[rows])
        loss = functional.cross_entropy(clean, Y[rows]) + functional.mse_loss(noisy, clean.detach())
        (loss / 2).backward()
        if step % 2:
            optimizer.step()
            optimizer.zero_grad()


def carried_state():
    cell, head = nn.GRU(8, 12, batch_first=True), nn.Linear(12, 2)
    optimizer = torch.optim.Adam([*cell.parameters(), *head.parameters()], 0.01)
    state = None
    for _ in range(STEPS):
        rows = torch.randint(256, (16, 5))
        output, state = cell(X[rows], state)
        state = state.detach()
        loss = functional.cross_entropy(head(output[:, -1]), Y[rows[:, -1]])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def scheduler_groups_and_modes():
    model = net(nn.BatchNorm1d(16))
    groups = [{"params": model[0].parameters(), "lr": 0.01}, {"params": model[-1].parameters()}]
    optimizer = torch.optim.AdamW(groups, 0.05)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, [0.01, 0.05], total_steps=STEPS)
    for step in range(STEPS):
        model.train(step % 10 > 0)
        rows = torch.randint(256, (32,))
        with torch.autocast("cpu", torch.bfloat16):
            loss = functional.cross_entropy(model(X[rows]), Y[rows])
        optimizer.zero_grad(set_to_none=False)
        loss.backward()
        optimizer.step()
        scheduler.step()


def stale_gradients_and_dict_outputs():
    class Twin(nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.head = nn.Linear(8, 16), nn.Linear(16, 2)

        def forward(self, x, *, scale):
            hidden = torch.relu(self.body(x)) * scale
            return {"logits": self.head(hidden), "hidden": hidden}

    model = Twin()
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    for _ in range(STEPS):
        rows = torch.randint(256, (32,))
        functional.cross_entropy(model(X[rows], scale=1.5)["logits"], Y[rows]).backward()
        optimizer.step()


def updates_by_hand():
    weights = torch.randn(8, 2, requires_grad=True)
    for _ in range(STEPS):
        rows = torch.randint(256, (32,))
        loss = functional.cross_entropy(X[rows] @ weights, Y[rows])
        loss.backward()
        with torch.no_grad():
            weights -= 0.1 * weights.grad
            weights.grad.zero_()


def all_generators():
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    for _ in range(STEPS):
        rows = np.random.randint(0, 256, 32)
        noise = random.random()
        loss = functional.cross_entropy(model(X[rows] * (1 + noise)), Y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def closure():
    model = net()
    optimizer = torch.optim.LBFGS(model.parameters(), 0.1, max_iter=3)
    for _ in range(STEPS):
        rows = torch.randint(256, (64,))

        def again(rows=rows):
            optimizer.zero_grad()
            loss = functional.cross_entropy(model(X[rows]), Y[rows])
            loss.backward()
            return loss

        optimizer.step(again)


class Noisy(Dataset):
    """Draws in its worker from all generators."""

    def __len__(self):
        return 256

    def __getitem__(self, index):
        noise = torch.randn(8) * 0.1 + random.random() * 0.1 + float(np.random.rand()) * 0.1
        return X[index] + noise, Y[index]


def workers(**how):
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    loader = DataLoader(Noisy(), batch_size=16, shuffle=True, num_workers=2, **how)
    for _ in range(3):
        for x, y in loader:
            loss = functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def workers_that_stay():
    workers(persistent_workers=True, prefetch_factor=3)


LOOPS = [
    plain,
    handwritten_loss,
    several_forwards_and_accumulation,
    carried_state,
    scheduler_groups_and_modes,
    stale_gradients_and_dict_outputs,
    updates_by_hand,
    all_generators,
    closure,
    workers,
    workers_that_stay,
]


@pytest.mark.parametrize("train", LOOPS, ids=lambda train: train.__name__)
def test_the_unchanged_replay_gives_the_recorded_losses(proven, train):
    run = proven(train)
    assert run.facts.trials is not None, run.facts.missing["trials"]
    checked = run.facts.trials["self_check"]
    assert checked["equal"]
    assert checked["largest_difference"] == 0.0
    assert checked["steps"] >= 30


def test_what_is_not_the_same_twice_is_not_proven(proven):
    """A loop that looks at the clock cannot be replayed, and nothing is claimed of it."""

    def train():
        model = net()
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        for _ in range(STEPS):
            loss = functional.cross_entropy(model(X * (1 + time.time() % 1)), Y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    run = proven(train)
    assert run.facts.trials is None
    assert "not the same twice" in run.facts.missing["trials"]


def test_the_live_run_is_as_if_it_had_not_been_held(proven):
    """Weights, optimizer and generators after the trials, bit for bit."""

    def train():
        model = net(nn.Dropout(0.1), nn.BatchNorm1d(16))
        optimizer = torch.optim.Adam(model.parameters(), 0.01)
        for x, y in DataLoader(TensorDataset(X, Y), 8, shuffle=True):
            loss = functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        kept.append((model.state_dict(), optimizer.state_dict()["state"]))

    kept: list[tuple] = []
    run = proven(train)
    after = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    assert run.facts.trials["replays"] >= 7
    random_before = random.getstate()
    torch.manual_seed(0)
    train()
    (weights, states), (plain_weights, plain_states) = kept
    assert all(torch.equal(weights[name], plain_weights[name]) for name in weights)
    for number, state in states.items():
        assert all(torch.equal(state[key], plain_states[number][key]) for key in state)
    assert torch.equal(after[0], torch.get_rng_state())
    assert after[1] == random_before == random.getstate()


def test_a_replay_writes_nothing(proven, tmp_path):
    """Checkpoints, logs, folders and renamed files: each as the script alone left it."""

    def train():
        model = net()
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        with open(tmp_path / "log.txt", "w") as log:
            for step in range(STEPS):
                rows = torch.randint(256, (32,))
                loss = functional.cross_entropy(model(X[rows]), Y[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                log.write(f"{step} {loss.item()}\n")
                (tmp_path / "runs").mkdir(exist_ok=True)
                torch.save(model.state_dict(), tmp_path / "runs" / "new.pt")
                (tmp_path / "runs" / "new.pt").replace(tmp_path / "runs" / "best.pt")
                weights = torch.load(tmp_path / "runs" / "best.pt")
                model.load_state_dict(weights)
                with open(tmp_path / "all.csv", "a") as table:
                    table.write(f"{step}\n")
        times.append({p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.is_file()})

    times: list[dict] = []
    run = proven(train)
    assert run.facts.trials is not None, run.facts.missing["trials"]
    assert times[0] == {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.is_file()}
    assert len((tmp_path / "log.txt").read_text().splitlines()) == STEPS
    assert len((tmp_path / "all.csv").read_text().splitlines()) == STEPS


def test_memory_shared_with_others_is_not_written(proven):
    model = net().share_memory()

    def train():
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        for _ in range(STEPS):
            loss = functional.cross_entropy(model(X), Y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        kept.append({name: weight.clone() for name, weight in model.state_dict().items()})

    kept: list[dict] = []
    run = proven(train)
    assert run.facts.trials is not None, run.facts.missing["trials"]
    assert all(torch.equal(kept[0][name], weight) for name, weight in model.state_dict().items())


SCRIPT = """
import torch, time
from torch import nn
torch.manual_seed(0)
x, y = torch.randn(512, 32), torch.randint(0, 3, (512,))
model = nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 3), nn.Softmax(1))
optimizer = torch.optim.SGD(model.parameters(), 0.1)
for step in range(400):
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad(); loss.backward(); optimizer.step()
    time.sleep(0.005)
"""


def processes_of(session: int) -> list[str]:
    """The command lines of all processes of a session that still run."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session and fields[0] != "Z":
                found.append(folder.name)
        except OSError:
            continue
    return found


@pytest.mark.parametrize("after", [0.4, 1.5])
def test_killed_while_it_proves_it_leaves_no_process_and_no_file(tmp_path, after):
    (tmp_path / "train.py").write_text(SCRIPT)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    command = [sys.executable, "-m", "unstuck", "check", "--steps", "60", "train.py"]
    environment = {**os.environ, "TMPDIR": str(temporary), "OMP_NUM_THREADS": "1"}
    running = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while len(processes_of(running.pid)) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)  # until the first replay runs
    time.sleep(after)
    assert running.poll() is None, "it ended before it could be killed"
    running.kill()
    running.wait()
    while processes_of(running.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes_of(running.pid) == []
    assert list(temporary.iterdir()) == []
    assert sorted(p.name for p in tmp_path.iterdir()) == [".unstuck", "tmp", "train.py"]
