"""TensorBoard is told of each training apart."""

import importlib.util
import warnings

import numpy as np
import pytest

from unstuck.commands.fit import LOGS, Wishes, fit

pytestmark = [
    pytest.mark.skipif(not importlib.util.find_spec("tensorboard"), reason="needs tensorboard"),
    pytest.mark.filterwarnings("ignore"),  # its own
]


def told(folder, name):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder / LOGS / name / "unstuck"))
    found.Reload()
    return found


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The command, on a small table."""
    place = tmp_path_factory.mktemp("trackers")
    x = np.random.default_rng(0).normal(size=(80, 3))
    np.savez(place / "d.npz", x=x, y=(x[:, 0] > 0).astype(int))
    (place / "r.toml").write_text("epochs = 3\nlearning_rate = 0.01\npatience = 3\n")

    def run(**wishes):
        out = place / "model"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data, recipe = str(place / "d.npz"), place / "r.toml"
            fit(Wishes(data, out=out, recipe=recipe, trackers=("tensorboard",), **wishes))
        return out

    return run


@pytest.fixture(scope="module")
def folder(run):
    return run()


@pytest.mark.parametrize("name", ["linear", "net"])
def test_its_files_hold_the_losses_of_each_epoch(folder, name):
    found = told(folder, name)
    assert {"training_loss", "validation_loss", "learning_rate"} <= set(found.Tags()["scalars"])
    losses = found.Scalars("validation_loss")
    assert [each.step for each in losses] == [1, 2, 3]
    assert len({each.value for each in losses}) == 3


@pytest.mark.parametrize(("name", "model"), [("linear", "linear"), ("net", "mlp")])
def test_its_files_hold_the_recipe(folder, name, model):
    [file] = (folder / LOGS / name).rglob("hparams.yml")
    lines = file.read_text().splitlines()
    assert f"model: {model}" in lines
    assert "epochs: 3" in lines


def test_what_is_trained_again_is_told_anew(folder, run):
    run()
    assert len(told(folder, "net").Scalars("training_loss")) == 3
    assert len(list((folder / LOGS / "net").rglob("hparams.yml"))) == 1
