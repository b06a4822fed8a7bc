"""How good the rates are that ``find_learning_rate`` chooses, beside other ways to come by one.

    OMP_NUM_THREADS=1 python benchmarks/learning_rate.py [--tasks NAME ...] [--seeds N] [--out FILE]

Seven small tasks, SGD and Adam. The truth of a task and optimizer is the whole grid of 13 rates, each
trained over the task's horizon with every seed (initialisation and order of batches). A method picks a
rate on one seed; the pick is trained over the horizon on the *other* seeds. Its regret is 0 for the best
rate of the grid on those seeds and 1 for no learning at all; a run that ends at or above the untrained
loss, or not finite, counts as diverged, with regret 1. The loss of a run is measured in evaluation mode on
512 rows, mean of four points over the last tenth. A rate off the grid is trained as it is, not rounded.
Where no rate of the grid lowers the loss by a hundredth there is no best rate and no regret: such cells
(a deep network in PyTorch's own initialisation under SGD) are listed apart, with what the search named.

Beside it: a range test (Smith 2017) over 100 steps from 1e-7 to 10, read as fastai reads it, by its
valley and by a tenth of its minimum, both written anew here; the usual defaults (SGD 1e-2, Adam
1e-3); and schedule-free SGD and AdamW (Defazio et al. 2024) and Prodigy (Mishchenko & Defazio 2023)
with their advised settings, judged against the best rate of either optimizer. Those need the packages
schedulefree and prodigyopt, in a folder of ``PYTHONPATH`` if need be; without them their rows are
left out, and that is said.
"""

import argparse
import importlib
import importlib.util
import itertools
import json
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import fmean, median
from typing import Any

import torch
from sklearn.datasets import load_digits, make_friedman1
from torch import Tensor, nn
from torch.nn import functional

import unstuck
from unstuck.trials.halving import GRID

Data = tuple[Tensor, Tensor]
Loss = Callable[[Tensor, Tensor], Tensor]
MakeOptimizer = Callable[[Sequence[Tensor], float], Any]

LEARNS = 0.01
"""The part of the untrained loss by which the grid's best must lower it, or the cell has no truth."""

ROWS = 512
POINTS = 4
RANGE_STEPS = 100

OPTIMIZERS: dict[str, MakeOptimizer] = {
    "sgd": lambda parameters, rate: torch.optim.SGD(parameters, lr=rate),
    "adam": lambda parameters, rate: torch.optim.Adam(parameters, lr=rate),
}
DEFAULTS = {"sgd": 0.01, "adam": 0.001}
# Package, class, and the rate its authors advise to begin with.
PARAMETER_FREE = {
    "schedule-free SGD": ("schedulefree", "SGDScheduleFree", 1.0),
    "schedule-free AdamW": ("schedulefree", "AdamWScheduleFree", 0.0025),
    "Prodigy": ("prodigyopt", "Prodigy", 1.0),
}


@dataclass(frozen=True)
class Task:
    """A network, its data and how long it is trained."""

    name: str
    data: Callable[[], Data]
    network: Callable[[], nn.Module]
    loss: Loss
    horizon: int
    batch: int = 32


class Recurrent(nn.Module):
    """An LSTM that reads the rows of an image."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(8, 32, batch_first=True)
        self.head = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 64) to (batch, 10)."""
        return self.head(self.lstm(x.view(-1, 8, 8))[0][:, -1])


class Characters(nn.Module):
    """A small causal transformer."""

    def __init__(self, symbols: int = 27, length: int = 24, width: int = 32) -> None:
        super().__init__()
        self.symbols = nn.Embedding(symbols, width)
        self.places = nn.Embedding(length, width)
        self.block = nn.TransformerEncoderLayer(
            width, 4, 2 * width, dropout=0.0, batch_first=True, norm_first=True
        )
        self.head = nn.Linear(width, symbols)
        self.register_buffer("mask", torch.triu(torch.full((length, length), -math.inf), 1))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, length) of indices to (batch, length, symbols)."""
        places = torch.arange(x.shape[1])
        return self.head(self.block(self.symbols(x) + self.places(places), src_mask=self.mask))


@cache
def digits() -> Data:
    found = load_digits()
    return torch.tensor(found.data / 16, dtype=torch.float32), torch.tensor(found.target)


@cache
def friedman() -> Data:
    x, y = make_friedman1(2000, noise=1.0, random_state=0)
    y = (y - y.mean()) / y.std()
    x = (x - 0.5) * math.sqrt(12)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)[:, None]


@cache
def text() -> Data:
    """Sentences of made-up words: which words there are, and which follow which, is to be learnt."""
    draw = random.Random(0)
    syllables = [a + b for a in "bdfgklmnprst" for b in "aeiou"]
    words = ["".join(draw.choices(syllables, k=draw.choice([1, 2, 2, 3]))) for _ in range(60)]
    after = {word: draw.sample(words, 4) for word in words}
    word, said = words[0], []
    for _ in range(6000):
        said.append(word)
        word = draw.choices(after[word], [8, 4, 2, 1])[0]
    codes = torch.tensor([0 if c == " " else ord(c) - 96 for c in " ".join(said)])
    windows = codes.unfold(0, 25, 7)
    return windows[:, :-1].contiguous(), windows[:, 1:].contiguous()


def mlp(*widths: int) -> nn.Module:
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def cnn() -> nn.Module:
    body = [nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 16, 3, 2)]
    return nn.Sequential(*body, nn.ReLU(), nn.Flatten(), nn.Linear(64, 10))


def he(network: nn.Module) -> nn.Module:
    """He et al. 2015, *Delving Deep into Rectifiers*: signals keep their size through many layers."""
    for parameter in network.parameters():
        if parameter.dim() == 2:
            nn.init.kaiming_normal_(parameter)
    return network


def deep() -> nn.Module:
    return mlp(64, *[48] * 8, 10)


def characters_loss(output: Tensor, targets: Tensor) -> Tensor:
    return functional.cross_entropy(output.flatten(0, 1), targets.flatten())


TASKS = {
    task.name: task
    for task in (
        Task("digits-mlp", digits, lambda: mlp(64, 64, 10), functional.cross_entropy, 400),
        Task("digits-cnn", digits, cnn, functional.cross_entropy, 300),
        Task("friedman", friedman, lambda: mlp(10, 64, 64, 1), functional.mse_loss, 400),
        Task("digits-lstm", digits, Recurrent, functional.cross_entropy, 300),
        Task("char-transformer", text, Characters, characters_loss, 200, batch=16),
        Task("deep-mlp", digits, lambda: he(deep()), functional.cross_entropy, 300),
        Task("deep-mlp-default", digits, deep, functional.cross_entropy, 200),
    )
}


def built(task: Task, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return task.network()


def batches(task: Task, seed: int) -> Iterator[Data]:
    """Shuffled epochs without end."""
    x, y = task.data()
    generator = torch.Generator().manual_seed(1000 + seed)
    while True:
        order = torch.randperm(len(x), generator=generator)
        for begin in range(0, len(x) - task.batch + 1, task.batch):
            rows = order[begin : begin + task.batch]
            yield x[rows], y[rows]


def measured(task: Task, model: nn.Module, optimizer: Any = None) -> float:
    """The loss on fixed rows; an optimizer that averages shows its average."""
    x, y = (part[:ROWS] for part in task.data())
    model.eval()
    if hasattr(optimizer, "eval"):
        optimizer.eval()
    with torch.no_grad():
        loss = float(task.loss(model(x), y))
    model.train()
    if hasattr(optimizer, "train"):
        optimizer.train()
    return loss


def trained(task: Task, make: MakeOptimizer, rate: float, seed: int) -> float:
    """The loss at the end of a run; infinite if it diverged."""
    model = built(task, seed)
    optimizer = make(list(model.parameters()), rate)
    if hasattr(optimizer, "train"):
        optimizer.train()
    points = {round(task.horizon * (1 - 0.1 * k / POINTS)) for k in range(POINTS)}
    found = []
    source = batches(task, seed)
    for step in range(1, task.horizon + 1):
        x, y = next(source)
        optimizer.zero_grad()
        loss = task.loss(model(x), y)
        if not math.isfinite(float(loss.detach())):
            return math.inf
        loss.backward()
        optimizer.step()
        if step in points:
            found.append(measured(task, model, optimizer))
    return fmean(found) if all(map(math.isfinite, found)) else math.inf


def range_test(task: Task, make: MakeOptimizer, seed: int) -> tuple[dict[str, float], int]:
    """What the test advises by its two readings, and the steps it took."""
    model = built(task, seed)
    optimizer = make(list(model.parameters()), 1e-7)
    rates: list[float] = []
    smooth: list[float] = []
    average = 0.0
    source = batches(task, seed)
    for step in range(RANGE_STEPS):
        rate = 1e-7 * (10 / 1e-7) ** (step / RANGE_STEPS)
        for group in optimizer.param_groups:
            group["lr"] = rate
        x, y = next(source)
        optimizer.zero_grad()
        loss = task.loss(model(x), y)
        loss.backward()
        optimizer.step()
        # fastai's recorder: an average with momentum .98, corrected for its start.
        average = 0.98 * average + 0.02 * float(loss.detach())
        smooth.append(average / (1 - 0.98 ** (step + 1)))
        rates.append(rate)
        if not math.isfinite(smooth[-1]) or smooth[-1] > 4 * min(smooth):
            break
    steps = len(rates)
    kept = [
        pair
        for pair in zip(rates[RANGE_STEPS // 10 : -5], smooth[RANGE_STEPS // 10 : -5], strict=True)
        if math.isfinite(pair[1])
    ]
    lowest = min(kept, key=lambda pair: pair[1])[0]
    return {"range test, valley": valley(kept), "range test, minimum/10": lowest / 10}, steps


def valley(pairs: Sequence[tuple[float, float]]) -> float:
    """The rate half-way through the middle third of the longest falling subsequence of losses."""
    losses = [loss for _, loss in pairs]
    lengths = [1] * len(losses)
    for i in range(len(losses)):
        longer = [lengths[j] + 1 for j in range(i) if losses[i] < losses[j]]
        lengths[i] = max(longer, default=1)
    last = lengths.index(max(lengths))
    start = last - lengths[last]
    third = (last - start) / 3
    return pairs[max(0, start + int(third) + int(third / 2))][0]


def picks(task: Task, name: str, seed: int) -> Iterator[dict[str, Any]]:
    """What every method advises on this seed, and what that cost."""
    make = OPTIMIZERS[name]
    for method, thorough in (("find_learning_rate", False), ("find_learning_rate, thorough", True)):
        model = built(task, seed)
        optimizer = make(list(model.parameters()), DEFAULTS[name])
        found = unstuck.find_learning_rate(
            model, optimizer, task.loss, batches(task, seed), thorough=thorough
        )
        yield {"method": method, "rate": found.choice, "steps": found.steps}
    advised, steps = range_test(task, make, seed)
    for method, rate in advised.items():
        yield {"method": method, "rate": rate, "steps": steps}
    yield {"method": "default", "rate": DEFAULTS[name], "steps": 0}


class Cell:
    """A task and an optimizer: every run is made once."""

    def __init__(self, task: Task, optimizer: str, seeds: Sequence[int]) -> None:
        self.task, self.optimizer, self.seeds = task, optimizer, seeds
        self._ends: dict[tuple[float, int], float] = {}
        self._starts = {seed: measured(task, built(task, seed)) for seed in seeds}

    def end(self, rate: float, seed: int) -> float:
        """The loss at the end of the run with that rate and seed."""
        if (rate, seed) not in self._ends:
            self._ends[rate, seed] = trained(self.task, OPTIMIZERS[self.optimizer], rate, seed)
        return self._ends[rate, seed]

    def others(self, seed: int) -> list[int]:
        """The seeds that judge what was picked on this one."""
        return [other for other in self.seeds if other != seed] or [seed]

    def start(self, seed: int) -> float:
        """The untrained loss on the judging seeds."""
        return fmean(self._starts[other] for other in self.others(seed))

    def best(self, seed: int) -> tuple[float, float]:
        """The best rate of the grid on the judging seeds, and its loss."""
        losses = {
            rate: fmean(self.end(rate, other) for other in self.others(seed)) for rate in GRID
        }
        rate = min(losses, key=lambda each: losses[each])
        return rate, losses[rate]

    def judged(self, pick: dict[str, Any], seed: int) -> dict[str, Any]:
        """The pick with its regret on the other seeds."""
        best, lowest = self.best(seed)
        start = self.start(seed)
        ends = [] if pick["rate"] is None else [
            self.end(pick["rate"], other) for other in self.others(seed)
        ]  # fmt: skip
        row = {"task": self.task.name, "optimizer": self.optimizer, "seed": seed, **pick}
        row["best_rate"] = best
        return row | regret(ends, start, lowest)

    @property
    def learns(self) -> bool:
        """Whether any rate of the grid lowers the loss."""
        return all(self.best(seed)[1] < (1 - LEARNS) * self.start(seed) for seed in self.seeds)

    def grid(self) -> dict[str, Any]:
        """The mean loss of every rate over all seeds."""
        losses = [fmean(self.end(rate, seed) for seed in self.seeds) for rate in GRID]
        return {
            "task": self.task.name,
            "optimizer": self.optimizer,
            "horizon": self.task.horizon,
            "learns": self.learns,
            "untrained": round(fmean(self._starts.values()), 4),
            "losses": [round(loss, 4) if math.isfinite(loss) else None for loss in losses],
        }


def regret(ends: Sequence[float], start: float, lowest: float) -> dict[str, Any]:
    """0 for the grid's best, 1 for no learning; below 0 for a rate between those of the grid."""
    if not ends:
        return {"regret": 1.0, "diverged": False}
    if not all(map(math.isfinite, ends)) or fmean(ends) >= start:
        return {"regret": 1.0, "diverged": True}
    return {"regret": round((fmean(ends) - lowest) / (start - lowest), 4), "diverged": False}


def parameter_free(
    task: Task, cells: Sequence[Cell], seeds: Sequence[int]
) -> Iterator[dict[str, Any]]:
    """Optimizers that need no rate, on each seed against the best rate of either optimizer on it."""
    for method, (package, name, rate) in PARAMETER_FREE.items():
        if importlib.util.find_spec(package) is None:
            continue
        kind = getattr(importlib.import_module(package), name)
        for seed in seeds:
            lowest = min(cell.best(other)[1] for cell in cells for other in [seed])
            ends = [
                trained(
                    task, lambda parameters, lr, kind=kind: kind(parameters, lr=lr), rate, other
                )
                for other in cells[0].others(seed)
            ]
            row = {"task": task.name, "optimizer": method, "seed": seed, "method": method}
            row |= {"rate": rate, "steps": 0}
            yield row | regret(ends, cells[0].start(seed), lowest)


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """For each method the regret and what it cost."""
    found = {}
    for method in dict.fromkeys(row["method"] for row in rows):
        own = [row for row in rows if row["method"] == method]
        regrets = [row["regret"] for row in own]
        worst = max(own, key=lambda row: row["regret"])
        found[method] = {
            "picks": len(own),
            "mean_regret": round(fmean(regrets), 4),
            "named_none": sum(row["rate"] is None for row in own),
            "median_regret": round(median(regrets), 4),
            "worst_regret": max(regrets),
            "worst": f"{worst['task']}, {worst['optimizer']}, seed {worst['seed']}",
            "diverged": sum(row["diverged"] for row in own),
            "steps": round(fmean(row["steps"] for row in own)),
        }
    return found


def measure(task: Task, seeds: Sequence[int]) -> dict[str, Any]:
    """One task: its grids, the picks with their regret, and those of cells in which nothing learns."""
    begun, busy = time.perf_counter(), time.process_time()
    cells = [Cell(task, optimizer, seeds) for optimizer in OPTIMIZERS]
    rows: list[dict[str, Any]] = []
    apart: list[dict[str, Any]] = []
    for cell in cells:
        for seed in seeds:
            judged = [cell.judged(pick, seed) for pick in picks(task, cell.optimizer, seed)]
            (rows if cell.learns else apart).extend(judged)
    rows += parameter_free(task, cells, seeds)
    return {
        "grids": [cell.grid() for cell in cells],
        "rows": rows,
        "nothing_learns": [
            {key: row[key] for key in ("task", "optimizer", "seed", "method", "rate", "best_rate")}
            for row in apart
        ],
        "seconds": round(time.perf_counter() - begun),
        "seconds_of_one_core": round(time.process_time() - busy),
    }


def combined(measured_tasks: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """All tasks, and the regret of every method over them."""
    packages = sorted({package for package, _, _ in PARAMETER_FREE.values()})
    rows = [row for found in measured_tasks.values() for row in found["rows"]]
    return {
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "not_installed": [name for name in packages if importlib.util.find_spec(name) is None],
        "grid": list(GRID),
        "summary": summary(rows),
        "tasks": measured_tasks,
    }


def show(result: dict[str, Any]) -> None:
    for method, found in result["summary"].items():
        print(
            f"{method:30} regret mean {found['mean_regret']:.3f} worst {found['worst_regret']:.3f}"
            f" ({found['worst']}); named none {found['named_none']}, diverged {found['diverged']}"
            f" of {found['picks']}; {found['steps']} steps"
        )
    for found in result["tasks"].values():
        for row in found["nothing_learns"]:
            if row["method"].startswith("find"):
                print(
                    f"nothing learns in {row['task']}, {row['optimizer']}, seed {row['seed']}: "
                    f"{row['method']} names {row['rate']}"
                )
    for name in result["not_installed"]:
        print(f"{name} is not installed: its rows are left out")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tasks", nargs="+", choices=list(TASKS), default=list(TASKS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--out", type=Path, help="write the JSON here; tasks of it that are not asked for stay"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    found: dict[str, Any] = {}
    if options.out and options.out.exists():
        found = json.loads(options.out.read_text())["tasks"]
    for name in options.tasks:
        found[name] = measure(TASKS[name], range(options.seeds))
        print(f"{name}: {found[name]['seconds_of_one_core']} s of one core", flush=True)
        if options.out:
            kept = {name: found[name] for name in TASKS if name in found}
            options.out.write_text(json.dumps(combined(kept), indent=1) + "\n")
    show(combined(found))


if __name__ == "__main__":
    main()
