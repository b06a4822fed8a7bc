"""``check`` and ``run`` prove what they find, or say why not; nothing of it reaches the script."""

import json
import os
import subprocess
import sys

import pytest

from unstuck.trials import branch

pytestmark = pytest.mark.skipif(branch.unable() is not None, reason=str(branch.unable()))

SCRIPT = """\
import torch
from torch import nn
{first}
torch.manual_seed(0)
x = torch.randn(1024, 16)
y = (x @ torch.randn(16, 10)).argmax(1)
model = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 10), nn.Softmax(1))
optimizer = torch.optim.SGD(model.parameters(), {rate})
for step in range({steps}):
    rows = torch.randint(1024, (64,))
    loss = nn.functional.cross_entropy(model(x[rows]), y[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    {last}
print("end", float(loss))
"""


def unstuck(folder, *words, first="", last="", steps=140, rate=0.5, **how):
    text = SCRIPT.format(first=first, last=last, steps=steps, rate=rate)
    (folder / "train.py").write_text(text)
    return subprocess.run(
        [sys.executable, "-m", "unstuck", *words, "train.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=200,
        env={**os.environ, "OMP_NUM_THREADS": "1", **how},
    )


def recorded(folder):
    [file] = folder.glob(".unstuck/runs/*/run.json")
    return json.loads(file.read_text())


def test_check_proves_and_the_report_says_by_what(tmp_path):
    done = unstuck(tmp_path, "check", "--json", "report.json")
    assert done.returncode == 1
    assert "Proven: with one change, logits instead of probabilities" in " ".join(
        done.stderr.split()
    )
    finding = json.loads((tmp_path / "report.json").read_text())["findings"][0]
    assert finding["check"] == "softmax-before-cross-entropy"
    assert finding["status"] == "confirmed"
    assert finding["proof"]["seeds"] == 3
    assert finding["proof"]["steps"] == 100
    trials = recorded(tmp_path)["facts"]["families"]["trials"]
    assert trials["self_check"] == {"steps": 100, "largest_difference": 0.0, "equal": True}
    assert trials["winner"] == "remove-softmax-before-cross-entropy"
    assert {arm["name"] for arm in trials["arms"]} >= {"unchanged", "sham"}


def test_run_proves_after_the_end_and_leaves_output_and_code_alone(tmp_path):
    plain = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(first="", last="", steps=140, rate=0.5)],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    done = unstuck(tmp_path, "run")
    assert (done.returncode, done.stdout) == (plain.returncode, plain.stdout)
    assert "Proven" in done.stderr


def test_no_prove_replays_nothing(tmp_path):
    done = unstuck(tmp_path, "check", "--no-prove")
    assert done.returncode == 1
    assert "Proven" not in done.stderr
    assert "trials" not in recorded(tmp_path)["facts"]["families"]


def test_too_small_a_budget_gives_the_command_that_has_more(tmp_path):
    done = unstuck(tmp_path, "check", "--budget", "0.2")
    said = " ".join(done.stderr.split())
    assert "longer than the budget" in said
    assert "unstuck check --budget 1m train.py" in said


@pytest.mark.parametrize("budget", ["x", "0", "-3s", "nan", "5d"])
def test_a_budget_that_is_no_time_is_refused(tmp_path, budget):
    done = unstuck(tmp_path, "check", f"--budget={budget}")
    assert done.returncode == 2
    assert "is no time" in done.stderr


def test_a_script_of_few_steps_is_not_proven(tmp_path):
    done = unstuck(tmp_path, "check", steps=20)
    assert "20 steps are too few to prove anything by" in " ".join(done.stderr.split())


def test_rerun_starts_the_script_again_where_it_cannot_be_held(tmp_path):
    """As with a GPU in use; the files that the script writes are as it left them."""
    how = {
        "first": "torch.cuda.is_initialized = lambda: True",
        "last": "open('log.txt', 'a').write(f'{step}\\n')",
    }
    done = unstuck(tmp_path, "check", **how)
    assert "--rerun runs the script again" in " ".join(done.stderr.split())
    (tmp_path / "log.txt").unlink()
    for run in tmp_path.glob(".unstuck/runs/*"):
        (run / "run.json").unlink()
    words = ("--rerun", "--budget", "3m", "--select", "softmax-before-cross-entropy")
    done = unstuck(tmp_path, "check", *words, **how)
    assert "Proven" in done.stderr, done.stderr
    assert (tmp_path / "log.txt").read_text().split() == [str(step) for step in range(140)]


def test_learning_rate_prints_a_table_and_writes_the_picture(tmp_path):
    done = unstuck(tmp_path, "check", "--learning-rate", rate=1e-5)
    assert "The optimizer's own, 1e-05, is" in done.stderr
    assert "chosen" in done.stderr
    [picture] = tmp_path.glob(".unstuck/runs/*/learning-rate.html")
    assert "<svg" in picture.read_text()
    assert "Proven" not in done.stderr


def test_an_interrupted_proof_leaves_a_readable_report(tmp_path):
    import signal
    import time

    text = SCRIPT.format(first="import time", last="time.sleep(0.01)", steps=140, rate=0.5)
    (tmp_path / "train.py").write_text(text)
    running = subprocess.Popen(
        [sys.executable, "-m", "unstuck", "check", "--json", "report.json", "train.py"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    until = time.monotonic() + 60
    while not (tmp_path / ".unstuck").exists() or not _diagnosed(tmp_path):
        assert time.monotonic() < until
        time.sleep(0.05)
    time.sleep(1)  # now it replays, for some ten seconds
    running.send_signal(signal.SIGINT)
    said = running.communicate(timeout=60)[1]
    assert "softmax" in said
    assert json.loads((tmp_path / "report.json").read_text())["findings"]


def _diagnosed(folder):
    found = list(folder.glob(".unstuck/runs/*/run.json"))
    return bool(found) and json.loads(found[0].read_text())["findings"]
