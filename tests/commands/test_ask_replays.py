"""``explain qNN --on train.py`` of questions that are measured or tried on replays of the script."""

import os
import subprocess
import sys

import pytest

from unstuck.trials import branch

pytestmark = pytest.mark.skipif(branch.unable() is not None, reason=str(branch.unable()))

SCRIPT = """\
import torch
from torch.nn import functional

torch.manual_seed(0)
y = torch.randint(0, 4, (512,))
x = 0.3 * torch.randn(512, 1, 8, 8)
for row, each in enumerate(y.tolist()):
    x[row, 0, 1 + 4 * (each % 2) : 3 + 4 * (each % 2), 1 + 4 * (each // 2)] += 1.0
model = torch.nn.Sequential(
    torch.nn.Flatten(), torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 4)
)
optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
for step in range(60):
    rows = torch.randint(0, 512, (32,))
    optimizer.zero_grad()
    functional.cross_entropy(model(x[rows]), y[rows]).backward()
    optimizer.step()
print(*(parameter.sum().item().hex() for parameter in model.parameters()))
"""


@pytest.fixture
def ask(tmp_path):
    """The answer of a question, of a script that ends with the bits that it has without us."""
    (tmp_path / "train.py").write_text(SCRIPT)

    def run(*words):
        return subprocess.run(
            [sys.executable, *words, "train.py"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=200,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )

    def asked(question):
        done = run("-m", "unstuck", "explain", question, "--on")
        assert done.stdout == run().stdout
        assert "failed" not in done.stderr
        return " ".join(done.stderr.split())

    return asked


def test_the_sharpness_is_held_against_the_rate(ask):
    said = ask("q09")
    assert "on the batch of step 0: rate 0.2 x sharpness = " in said
    assert "on the batch of step 59" in said
    assert "below 2" in said


def test_a_linear_model_is_held_against_the_net(ask):
    said = ask("q14")
    assert "a linear model reaches accuracy" in said
    assert "that neither was trained on (rows kept back)" in said


def test_images_are_shifted(ask):
    said = ask("q18")
    assert "training images after 60 steps, each shifted in 4 directions: accuracy" in said
    assert "shifted by 2 pixels: accuracy" in said
    assert "of the predictions change" in said


def test_the_ways_of_setting_the_rate_are_tried(ask):
    said = ask("q10")
    assert "training loss at the end of 60 steps" in said
    for way in ("as it is", "cosine from rate 0.2 to 0", "warm-up to rate 0.2, 10%"):
        assert way in said
    assert "momentum 0.9, rate 0.02" in said
    assert "Adam (learning rate 0.001)" in said
