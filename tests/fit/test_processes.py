"""A training in two processes, for real: ``torchrun`` on CPUs."""

import io
import json
import os
import runpy
import subprocess
import sys
import textwrap
from contextlib import redirect_stdout

import numpy as np
import pytest
import torch

pytestmark = pytest.mark.skipif(
    not (torch.distributed.is_available() and torch.distributed.is_gloo_available()),
    reason="there is no gloo",
)

SCRIPT = """
    import json, os, signal, sys
    from pathlib import Path
    import numpy as np
    import torch
    from torch import nn
    from unstuck.errors import UnstuckError
    from unstuck.fit.batches import Encoded
    from unstuck.fit.checkpoints import Keeper
    from unstuck.fit.encoders import numbers
    from unstuck.fit.examples import Arrays
    from unstuck.fit.loop import Loop, Stopped
    from unstuck.fit.ranks import is_main
    from unstuck.fit.recipe import Recipe

    torch.set_num_threads(1)
    out, rank, count = Path(sys.argv[1]), int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    draw = np.random.default_rng(0)
    values = draw.normal(size=(151, 5))
    found = torch.tensor((values[:, :3] + draw.normal(size=(151, 3)) / 2).argmax(1))
    inputs, held = Arrays(values), np.arange(151) % 3 == 0
    encoder = numbers.fitted(inputs, np.flatnonzero(~held))


    class Seen(Encoded):
        def __getitems__(self, places):
            self.places = getattr(self, "places", []) + torch.as_tensor(places).tolist()
            return super().__getitems__(places)


    def looped(precious=None, rate=0.01, size=24):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(5, 16), nn.LayerNorm(16), nn.ReLU(), nn.Linear(16, 3))
        rows = np.flatnonzero(~held), np.flatnonzero(held)
        data = [Seen(inputs, each, encoder, found[each]) for each in rows]
        recipe = Recipe(learning_rate=rate, batch_size=size, epochs=4, patience=4, seed=1)
        loop = Loop(net, *data, recipe, precious, say=lambda text: print("SAID", text))
        return loop, data


    def told(progress):
        print("TOLD", progress.step)


    result = {"main": is_main(), "count": count}
    for name, weights in ("plain", None), ("weighed", torch.tensor([1.0, 2.0, 5.0])):
        loop, data = looped(weights)
        loop.run(told)
        result[name] = {
            "losses": [[each.training_loss, each.validation_loss] for each in loop.progress.history],
            "weights": [each.tolist() for each in loop.net.parameters()],
            "seen": [each.places for each in data],
        }

    # Rates that were measured differ between processes: that of the first one counts.
    result["rate"] = looped(rate=0.01 * (rank + 1))[0].recipe.learning_rate

    # One process alone hears of Ctrl-C; all stop with the same step.
    keeper, stop = Keeper(out / "kept"), lambda loop: (
        loop.progress.step == 7 and rank == count - 1 and os.kill(os.getpid(), signal.SIGINT)
    )
    try:
        looped()[0].run(told, keeper, stop)
    except Stopped as stopped:
        result["stopped"] = stopped.step
    loop, _ = looped()
    loop.run(told, keeper)
    result["resumed"] = [each.tolist() for each in loop.net.parameters()]

    # So they do if only one sees a loss that is no number.
    loop, data = looped()
    breaks = lambda: rank == count - 1 and loop.net.training
    loop.net[3].register_forward_hook(lambda *given: given[-1] * (float("nan") if breaks() else 1.0))
    try:
        loop.run(told)
    except UnstuckError as error:
        result["diverged"] = type(error).__name__
    try:
        looped(size=1)
    except UnstuckError as error:
        result["too few"] = str(error)
    (out / f"{rank}.json").write_text(json.dumps(result))
"""


def written(folder):
    folder.mkdir()
    script = folder / "script.py"
    script.write_text(textwrap.dedent(SCRIPT))
    return script


def ran(folder, count):
    """What the processes wrote, and what they said."""
    script = written(folder)
    words = [sys.executable, "-W", "error::UserWarning:unstuck", "-m", "torch.distributed.run"]
    words += ["--standalone", "--nproc-per-node", str(count)]
    environment = {
        k: v for k, v in os.environ.items() if k not in ("RANK", "WORLD_SIZE", "LOCAL_RANK")
    }
    done = subprocess.run(
        [*words, str(script), str(folder)],
        env={**environment, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = [json.loads((folder / f"{rank}.json").read_text()) for rank in range(count)]
    return found, done.stdout


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """In this process, which has the libraries already."""
    folder = tmp_path_factory.mktemp("alone") / "run"
    script, said = written(folder), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said):
        patch.setattr(sys, "argv", [str(script), str(folder)])
        for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
            patch.delenv(name, raising=False)
        runpy.run_path(str(script))
    return [json.loads((folder / "0.json").read_text())], said.getvalue()


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    return ran(tmp_path_factory.mktemp("both") / "run", 2)


def close(first, second, tolerance=2e-4):
    for one, other in zip(first, second, strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


def test_there_are_two_of_which_one_is_the_main_one(both):
    assert [(each["count"], each["main"]) for each in both[0]] == [(2, True), (2, False)]


def test_each_row_is_seen_once_an_epoch(both):
    for part, rows in (0, 100), (1, 51):
        seen = [each["plain"]["seen"][part] for each in both[0]]
        assert sorted(seen[0] + seen[1]) == sorted(list(range(rows)) * 4)


@pytest.mark.parametrize("kind", ["plain", "weighed"])
def test_losses_and_weights_are_those_of_one_process(alone, both, kind):
    [expected], found = alone[0], both[0]
    for each in found:
        close(each[kind]["losses"], expected[kind]["losses"])
        close(each[kind]["weights"], expected[kind]["weights"])
    assert found[0][kind]["weights"] == found[1][kind]["weights"]


def test_all_train_with_the_rate_of_the_main_one(both):
    assert [each["rate"] for each in both[0]] == [0.01, 0.01]


def test_only_the_main_one_speaks_and_writes(alone, both):
    said = both[1].splitlines()
    assert said.count("TOLD 5") == alone[1].splitlines().count("TOLD 5")
    assert len([line for line in said if line.startswith("SAID")]) == 1


def test_they_stop_together_and_go_on(alone, both):
    assert [each["stopped"] for each in alone[0]] == [7]
    stopped = [each["stopped"] for each in both[0]]
    assert stopped[0] == stopped[1] <= 7 + 20
    for each in both[0]:
        close(each["resumed"], each["plain"]["weights"])
    assert alone[0][0]["resumed"] == alone[0][0]["plain"]["weights"]


def test_they_diverge_together(both):
    assert [each["diverged"] for each in both[0]] == ["Diverged", "Diverged"]


def test_each_needs_a_row_of_every_batch(both):
    assert {each["too few"] for each in both[0]} == {
        "a batch of 1 rows is too small for 2 processes"
    }
