"""Trainings that are killed go on bit for bit: real processes, ended by SIGKILL at random steps.

    python benchmarks/resume.py [--kills N] [--seed S] [--out FILE]

Each kill is a training of its own, in a process that tells its steps through a pipe; it is killed when
the drawn step is told, wherever it then is: in a step, or half way through writing a checkpoint. Another
process takes the training up. Compared with the training that nobody killed: the bits of the final weights,
and every loss. Four recipes by turns (Adam and SGD, with batch and layer statistics, dropout in all), and
checkpoints after each step, or more seldom. Not on Windows: processes are forked.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch._dynamo  # here, not in each fork: it takes longer than a training

from unstuck import files
from unstuck.fit import models
from unstuck.fit.batches import Encoded
from unstuck.fit.checkpoints import Keeper
from unstuck.fit.encoders import numbers
from unstuck.fit.examples import Arrays
from unstuck.fit.loop import Loop, Progress
from unstuck.fit.recipe import Recipe
from unstuck.fit.task import Task

RECIPES = tuple(
    Recipe(
        model="mlp", width=16, depth=2, dropout=0.2, normalisation=normalisation, optimizer=optimizer,
        learning_rate=0.01, momentum=0.9, weight_decay=0.01, batch_size=32, epochs=12, patience=12, seed=3,
    )
    for optimizer in ("adamw", "sgd")
    for normalisation in ("batch", "layer")
)  # fmt: skip

PAUSES = (0.0, 0.0002, 0.002)
"""For a keeper: after each step, after some, at the ends of some epochs."""


def training(recipe: Recipe, rows: int = 330) -> Loop:
    """A small one, of which a third is held out: three classes, ten features."""
    draw = np.random.default_rng(0)
    values = draw.normal(size=(rows, 10))
    targets = torch.tensor((values[:, :3] + draw.normal(size=(rows, 3))).argmax(1))
    inputs, held = Arrays(values), np.arange(rows) % 3 == 0
    encoder = numbers.fitted(inputs, np.flatnonzero(~held))
    parts = [
        Encoded(inputs, np.flatnonzero(which), encoder, targets[which]) for which in (~held, held)
    ]
    task = Task("multi-class", (0, 1, 2), "drawn so")
    return Loop(models.built(recipe, encoder.shape, task), *parts, recipe)


def digest(loop: Loop) -> str:
    """Of the weights and the losses."""
    found = hashlib.sha256()
    for name, each in sorted(loop.net.state_dict().items()):
        found.update(name.encode() + each.numpy().tobytes())
    losses = [(each.training_loss, each.validation_loss) for each in loop.progress.history]
    found.update(repr(losses).encode())
    return found.hexdigest()


def train(recipe: Recipe, folder: Path, pause: float, tell: Callable[[Loop], None]) -> None:
    """Begin or go on, and write what came of it."""
    loop, keeper = training(recipe), Keeper(folder, pause=pause)
    kept = keeper.newest()
    loop.run(_quiet, keeper, tell)
    result = {"digest": digest(loop), "from": kept.record["step"] if kept else 0}
    files.write_text(folder / "result.json", json.dumps(result))


def _quiet(progress: Progress) -> None:
    pass


def in_a_process(
    work: Callable[[Callable[[Loop], None]], None], kill_at: int | None = None
) -> None:
    """Do the work in a fork of this process; kill it when it tells this step."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            work(lambda loop: os.write(writing, b".") and None)
        finally:
            os._exit(0)
    os.close(writing)
    told = 0
    while received := os.read(reading, 1 if kill_at else 4096):
        told += len(received)
        if told == kill_at:
            os.kill(child, signal.SIGKILL)
            break
    os.close(reading)
    os.waitpid(child, 0)


def outcome(recipe: Recipe, kill_at: int | None, pause: float) -> dict[str, Any]:
    """What a training came to that was killed at this step and taken up again, or was not killed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if kill_at:
            in_a_process(lambda tell: train(recipe, folder, pause, tell), kill_at)
            if (folder / "result.json").exists():
                raise RuntimeError("it ended before it was killed")
        in_a_process(lambda tell: train(recipe, folder, pause, tell))
        found: dict[str, Any] = json.loads((folder / "result.json").read_text())
        return found


def measure(kills: int, seed: int) -> dict[str, Any]:
    """One row a kill."""
    draw = random.Random(seed)
    whole = [outcome(recipe, None, 0.002)["digest"] for recipe in RECIPES]
    steps = 7 * RECIPES[0].epochs
    rows = []
    for number in range(kills):
        which, pause = number % len(RECIPES), draw.choice(PAUSES)
        kill_at = draw.randint(1, steps - 8)
        found = outcome(RECIPES[which], kill_at, pause)
        equal = found["digest"] == whole[which]
        rows.append({"recipe": which, "killed_at": kill_at, "from": found["from"], "equal": equal})
    return {
        "kills": kills,
        "equal": sum(row["equal"] for row in rows),
        "seed": seed,
        "steps": steps,
        "different_trainings": len(set(whole)),
        "rows": rows,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=20261130)
    parser.add_argument("--out", type=Path, help="write the JSON here")
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = measure(options.kills, options.seed)
    print(f"{found['equal']} of {found['kills']} trainings equal, bit for bit")
    if options.out:
        text = json.dumps({key: value for key, value in found.items() if key != "rows"}, indent=1)
        rows = ",\n  ".join(json.dumps(row) for row in found["rows"])
        files.write_text(options.out, f'{text[:-2]},\n "rows": [\n  {rows}\n ]\n}}\n')
    sys.exit(found["equal"] != found["kills"])


if __name__ == "__main__":
    main()
