"""What ``unstuck run`` costs: steps with and without it, block by block in one process.

    python benchmarks/overhead.py [--pairs N] [--out FILE]

Each pair is two blocks of the same training loop, one plain, one watched exactly as ``run`` watches
(recording included), in random order. The watched blocks continue one watched run, so the first of
them hold the dense looks at its beginning. Reported: the median of the ratios, their quartiles, and
the ratio of the sums. Start-up: ``unstuck run`` of a script that only imports torch against python.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from unstuck.commands import watch
from unstuck.config import Settings
from unstuck.observe.launch import Target


class Sequences(nn.Module):
    """A small transformer encoder that classifies."""

    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(64, 4, 128, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, time, 64) to (batch, 10)."""
        return self.head(self.encoder(x).mean(1))


def mlp() -> tuple[nn.Module, torch.Tensor]:
    layers = [nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 10)]
    return nn.Sequential(*layers), torch.randn(160, 64)


def cnn() -> tuple[nn.Module, torch.Tensor]:
    body = [nn.Conv2d(1, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 32, 3, 2), nn.ReLU()]
    return nn.Sequential(*body, nn.Flatten(), nn.Linear(32 * 6 * 6, 10)), torch.randn(96, 1, 16, 16)


def transformer() -> tuple[nn.Module, torch.Tensor]:
    return Sequences(), torch.randn(16, 24, 64)


def training(make: Callable[[], tuple[nn.Module, torch.Tensor]]) -> Callable[[int], float]:
    """A function that trains some steps and tells the seconds of one."""
    torch.manual_seed(0)
    model, x = make()
    y = torch.randint(0, 10, (len(x),))
    optimizer = torch.optim.Adam(model.parameters())
    criterion = nn.CrossEntropyLoss()

    def train(steps: int) -> float:
        begun = time.perf_counter()
        for _ in range(steps):
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
        return (time.perf_counter() - begun) / steps

    return train


def ratios(
    make: Callable[[], tuple[nn.Module, torch.Tensor]], pairs: int, block: int
) -> dict[str, Any]:
    """Pairs of plain and watched blocks."""
    train = training(make)
    train(20)
    watching = watch._Run(Target("benchmark"), watch.Wishes(Settings(), quiet=True))
    watching.recorder.open()
    watching.watcher.attach()
    session, signals = watching.watcher.session, watching.watcher.signals
    assert session is not None
    assert signals is not None
    signals.detach()
    found, plain_seconds, watched_seconds = [], [], []
    order = random.Random(0)
    for _ in range(pairs):
        seconds = {}
        for watched in order.sample([False, True], 2):
            if watched:
                signals.attach()
            seconds[watched] = train(block)
            if watched:
                signals.detach()
        found.append(seconds[True] / seconds[False])
        plain_seconds.append(seconds[False])
        watched_seconds.append(seconds[True])
    quartiles = statistics.quantiles(found, n=4)
    return {
        "step_ms": round(1000 * statistics.median(plain_seconds), 3),
        "median_ratio": round(quartiles[1], 4),
        "quartiles": [round(quartiles[0], 4), round(quartiles[2], 4)],
        "ratio_of_sums": round(sum(watched_seconds) / sum(plain_seconds), 4),
        "steps_watched": session.steps,
        "pairs": pairs,
    }


def start_up(pairs: int) -> dict[str, float]:
    """Seconds of ``unstuck run`` beyond python, for a script that imports torch and ends."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "empty.py"
        script.write_text("import torch\n")
        extra = []
        # As installed: pip compiles what it installs, and so does the first run of anything.
        _seconds([sys.executable, "-m", "unstuck", "run", "--quiet", str(script)], folder)
        for _ in range(pairs):
            plain = _seconds([sys.executable, str(script)], folder)
            watched = _seconds(
                [sys.executable, "-m", "unstuck", "run", "--quiet", str(script)], folder
            )
            extra.append(watched - plain)
    return {"median_extra_seconds": round(statistics.median(extra), 3), "pairs": pairs}


def _seconds(command: list[str], folder: str) -> float:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = f"{folder}/bytecode"
    begun = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env=environment)
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=120)
    parser.add_argument("--out", type=Path, help="write the JSON here")
    options = parser.parse_args()
    torch.set_num_threads(1)
    here = Path.cwd()
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for make, block in ((mlp, 100), (cnn, 60), (transformer, 60)):
            result[make.__name__] = ratios(make, options.pairs, block)
            print(make.__name__, result[make.__name__], flush=True)
        os.chdir(here)
    result["start_up"] = start_up(max(3, options.pairs // 12))
    print("start-up", result["start_up"])
    if options.out:
        options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
