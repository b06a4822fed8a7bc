"""What a backbone brings: digits 5 to 9 by a net that has seen 0 to 4."""

import os
import signal

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from unstuck.errors import BadData, UsageError
from unstuck.fit import fitting, transfer
from unstuck.fit.candidates import simplest
from unstuck.fit.examples import Arrays, Examples
from unstuck.fit.fitted import load_fitted
from unstuck.fit.fitting import How, fit, prepared
from unstuck.fit.loop import Stopped
from unstuck.fit.schedule import Schedule

FEW = 60


def digits(chosen, count):
    found = load_digits()
    rows = np.flatnonzero(np.isin(found.target, chosen))[:count]
    return Examples(
        Arrays(found.images[rows].astype(np.float32)), "digits", found.target[rows].astype(str)
    )


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A net that tells 0 to 4."""
    folder = tmp_path_factory.mktemp("transfer") / "low"
    hand = {"model": "cnn", "epochs": 4, "learning_rate": 0.01, "width": 8}
    fit(digits(range(5), 400), hand=hand).save(folder)
    return folder


def way(source, **values):
    hand = {"backbone": str(source), "epochs": 12, "learning_rate": 0.01, **values}
    ready = prepared(digits(range(5, 10), FEW), hand=hand)
    how = How(schedule=Schedule())
    how.schedule.plan(transfer.WAYS[ready.recipe.transfer])
    found = transfer.transferred(ready, hand, how)
    assert how.schedule.coming == ()
    return ready, found


def source_state(source):
    body = load_fitted(source).model.body
    return {name: each.clone() for name, each in body.state_dict().items()}


def test_a_frozen_body_is_the_backbone_bit_for_bit(source):
    _, found = way(source, transfer="frozen")
    state = found.trained.model.body.state_dict()
    assert all(torch.equal(state[name], each) for name, each in source_state(source).items())
    assert found.trained.recipe.augment == "none"


def test_the_head_of_a_frozen_body_is_that_of_its_features(source):
    ready, found = way(source, transfer="frozen")
    features = transfer._featured(ready, found.trained.model)
    rows = ready.split.validation
    images = ready.encoder.encoded(ready.examples.inputs, rows)
    [standardised] = features.encoder.encoded(features.examples.inputs, rows)
    center, scale = (
        torch.tensor(each) for each in (features.encoder.center, features.encoder.scale)
    )
    bare = (standardised * scale + center).float()
    with torch.no_grad():
        assert torch.allclose(
            found.trained.model(*images), found.trained.model.head(bare), atol=1e-3
        )


def test_fine_tuning_changes_weights_but_not_statistics(source):
    _, found = way(source, transfer="fine-tuned")
    before, state = source_state(source), found.trained.model.body.state_dict()
    counted = [name for name in before if "running" in name or "num_batches" in name]
    assert all(torch.equal(state[name], before[name]) for name in counted)
    assert not torch.equal(state["0.weight"], before["0.weight"])


def test_fine_tuning_never_ends_worse_than_the_head_alone(source):
    first, tuned = (way(source, transfer=each)[1] for each in ("frozen", "fine-tuned"))
    assert tuned.losses.mean() <= first.losses.mean()


def test_fine_tuning_that_only_spoils_is_undone_and_that_is_said(source, monkeypatch):
    monkeypatch.setattr(
        fitting,
        "measured_rate",
        lambda ready, recipe, model=None: recipe.because(
            learning_rate=recipe.learning_rate if model is None else 1.0
        ),
    )
    _, found = way(source, transfer="fine-tuned")
    assert found.trained.recipe.transfer == "frozen"
    assert "the backbone stays as it was" in found.trained.recipe.reasons["transfer"]
    state = found.trained.model.body.state_dict()
    assert all(torch.equal(state[name], each) for name, each in source_state(source).items())


def test_with_few_images_all_ways_are_tried_and_the_choice_is_said(source):
    ready, found = way(source)
    assert ready.recipe.transfer == "measured"
    assert "only 51 images" in ready.recipe.reasons["transfer"]
    assert found.trained.recipe.transfer in ("frozen", "fine-tuned", "scratch")
    why = found.trained.recipe.reasons["transfer"]
    assert all(
        f"{name} 0." in why or f"{name} 1." in why for name in ("frozen", "fine-tuned", "scratch")
    )


def test_a_backbone_is_trained_alone(source):
    hand = {"backbone": str(source), "members": 2}
    with pytest.raises(UsageError, match="a backbone is trained alone"):
        prepared(digits(range(5, 10), FEW), hand=hand)


def test_a_related_backbone_helps(source):
    """With 8 images a class a frozen backbone beats the same net from scratch (q16)."""
    hand = {"epochs": 12, "learning_rate": 0.01}
    ready = prepared(digits(range(5, 10), FEW), hand={**hand, "backbone": str(source)})
    bare, tuned = (
        transfer.scratch(ready, hand, How()),
        transfer.fine_tuned(ready, transfer.frozen(ready, How()), How()),
    )
    assert tuned.losses.mean() < bare.losses.mean()


def test_a_transferred_model_predicts_the_same_when_loaded_without_its_backbone(source, tmp_path):
    examples = digits(range(5, 10), FEW)
    hand = {"backbone": str(source), "transfer": "frozen", "epochs": 5, "learning_rate": 0.01}
    model = fit(examples, hand=hand)
    model.save(tmp_path / "model")
    moved = source.rename(source.with_name("gone"))
    try:
        again = load_fitted(tmp_path / "model")
    finally:
        moved.rename(source)
    assert torch.equal(again.outputs(examples.inputs), model.outputs(examples.inputs))
    assert again.recipe.transfer == "frozen"


@pytest.fixture(scope="module")
def whole(source):
    """What nobody ended."""
    return fit(digits(range(5, 10), FEW), hand=quick(source))


def quick(source):
    return {"backbone": str(source), "epochs": 3, "learning_rate": 0.01}


class Stops(Schedule):
    """Ctrl-C in the second epoch of the training of this name."""

    def __init__(self, name):
        super().__init__()
        self.name = name

    def stepped(self, progress, an_epoch):
        if self.training == self.name and len(progress.history) == 1:
            os.kill(os.getpid(), signal.SIGINT)


class Epochs(Schedule):
    """Which epochs were trained."""

    def __init__(self):
        super().__init__()
        self.seen = set()

    def stepped(self, progress, an_epoch):
        self.seen.add((self.training, 1 + (progress.step - 1) // an_epoch))


@pytest.mark.parametrize("name", ["frozen", "fine-tuned", "scratch"])
def test_each_way_goes_on_where_ctrl_c_ended_it(source, whole, tmp_path, name):
    examples, hand = digits(range(5, 10), FEW), quick(source)
    with pytest.raises(Stopped) as stopped:
        fit(examples, hand=hand, how=How(schedule=Stops(name), folder=tmp_path))
    assert stopped.value.folder == tmp_path / name
    epochs = Epochs()
    again = fit(examples, hand=hand, how=How(schedule=epochs, folder=tmp_path, resume=True))
    later = transfer.WAYS["measured"][transfer.WAYS["measured"].index(name) + 1 :]
    begun = {(each, 1) for each in later}
    assert {each for each in epochs.seen if each[1] == 1} == begun  # nothing is trained twice
    assert torch.equal(again.outputs(examples.inputs), whole.outputs(examples.inputs))
    assert again.recipe == whole.recipe


@pytest.mark.parametrize(
    ("hand", "message"),
    [({"weights": "none"}, "none: No such"), ({"model": "mlp"}, "mlp takes no")],
)
def test_what_cannot_begin_is_said_before_anything_is_trained(source, hand, message):
    with pytest.raises((BadData, UsageError), match=message):
        prepared(digits(range(5), FEW), hand={"backbone": str(source), **hand})


@pytest.mark.parametrize("hand", [{"transfer": "frozen"}, {"model": "backbone"}])
def test_transfer_needs_a_backbone(hand):
    with pytest.raises(UsageError, match="needs a backbone's name"):
        prepared(digits(range(5), FEW), hand=hand)


def test_a_backbone_needs_images(source):
    table = Examples(Arrays(np.random.default_rng(0).normal(size=(40, 3))), "x", np.arange(40) % 2)
    with pytest.raises(UsageError, match="a backbone is for images"):
        prepared(table, hand={"backbone": str(source)})


def losses(mean, noise, seed):
    return mean + noise * torch.randn(100, generator=torch.Generator().manual_seed(seed))


def test_the_simplest_is_kept_unless_another_is_clearly_better():
    shared = losses(1.0, 1.0, 0)  # of the rows: hard ones are hard for all
    close = {"frozen": shared + losses(0.005, 0.2, 1), "scratch": shared}
    assert simplest(close) == "frozen"
    far = {"frozen": shared + losses(0.3, 0.2, 1), "scratch": shared}
    assert simplest(far) == "scratch"
    assert simplest({"frozen": shared, "scratch": shared}) == "frozen"
