"""``explain q03 --on train.py``: the question asked of a script, beside the checks that watch for it."""

import subprocess
import sys

import pytest

SCRIPT = """\
import sys

import torch

torch.manual_seed(0)
x, y = torch.randn(64, 8), torch.randint(0, 4, (64,))
model = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Linear(32, 4))
if "--equal" in sys.argv:
    for parameter in model.parameters():
        torch.nn.init.constant_(parameter, 0.05)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(int(sys.argv[-1]) if sys.argv[-1].isdecimal() else 40):
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
print("trained")
"""


def asked(folder, *words):
    (folder / "train.py").write_text(SCRIPT)
    return subprocess.run(
        [sys.executable, "-m", "unstuck", "explain", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_faulty_run_is_answered_with_its_numbers_and_its_finding(tmp_path):
    done = asked(tmp_path, "q03", "--on", "train.py", "--equal")
    said = " ".join(done.stderr.split())
    assert "q03, asked of train.py: Can a network be trained" in said
    assert "of the 31 other units of model.0, 31 had the weights of its first one at step 0" in said
    assert "symmetric-units" in said
    assert done.stdout == "trained\n"
    assert done.returncode == 1


def test_a_healthy_run_is_answered_too(tmp_path):
    done = asked(tmp_path, "weights zero", "--on", "train.py")
    assert "of the 31 other units of model.0, none had the weights" in " ".join(done.stderr.split())
    assert "2 of 51 checks" in " ".join(done.stderr.split())
    assert done.returncode == 0


@pytest.mark.parametrize("question", ["q03", "q04", "q14"])
def test_too_few_steps_for_replays_are_said_once(tmp_path, question):
    done = asked(tmp_path, question, "--on", "train.py", "20")
    answer = done.stderr.partition("asked of")[2].partition("Nothing found")[0]
    assert (
        " ".join(answer.split()).count("replayed: 20 steps are too few to prove anything by") == 1
    )
    assert "more time" not in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("q03", "--on"), "no script given"),
        (("q03", "--on", "none.py"), "none.py"),
        (("--on", "train.py"), "--on asks one question"),
        (("add-momentum", "--on", "train.py"), "no question"),
    ],
)
def test_what_cannot_be_asked_is_one_line_and_exit_code_2(tmp_path, words, message):
    done = asked(tmp_path, *words)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
