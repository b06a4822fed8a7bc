import math

import numpy as np
import pytest
import torch
from accelerate.tracking import GeneralTracker, on_main_process
from torch import nn
from torch.nn.functional import cross_entropy

from unstuck.errors import UsageError
from unstuck.fit import batches, device
from unstuck.fit import loop as loops
from unstuck.fit.batches import Encoded
from unstuck.fit.checkpoints import Keeper
from unstuck.fit.encoders import numbers
from unstuck.fit.examples import Arrays
from unstuck.fit.loop import LOSSES, Diverged, Loop, optimizer_of, share_of_rate
from unstuck.fit.recipe import Recipe

RECIPE = Recipe(learning_rate=0.01, weight_decay=0.01, batch_size=20, epochs=4, patience=4, seed=1)


def quiet(progress):
    pass


def net(dropout=0.2):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(5, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(dropout), nn.Linear(16, 3)
    )


def parts(kind="classes"):
    draw = np.random.default_rng(0)
    values = draw.normal(size=(120, 5))
    found = torch.tensor(values[:, :3] + draw.normal(size=(120, 3)) / 2, dtype=torch.float32)
    targets = {"classes": found.argmax(1), "labels": (found > 0).float(), "quantities": found}[kind]
    inputs, held = Arrays(values), np.arange(120) % 3 == 0
    encoder = numbers.fitted(inputs, np.flatnonzero(~held))
    rows = np.flatnonzero(~held), np.flatnonzero(held)
    return [Encoded(inputs, each, encoder, targets[each]) for each in rows]


def looped(recipe=RECIPE, model=None, data=None, **how):
    return Loop(model or net(), *(data or parts()), recipe, **how)


def ran(loop, told=quiet, *others):
    loop.run(told, *others)
    return loop


def bits(loop):
    return {name: each.tolist() for name, each in loop.net.state_dict().items()}


def losses(loop):
    return [(each.training_loss, each.validation_loss) for each in loop.progress.history]


class Breaking(nn.Module):
    """Its output is NaN in these steps of training, or on the held-out rows after them."""

    def __init__(self, at, held_out=False):
        super().__init__()
        self.net, self.at, self.held_out, self.step = net(), set(at), held_out, 0

    def forward(self, values):
        self.step += self.training
        breaks = self.step in self.at and self.training != self.held_out
        return self.net(values) * (math.nan if breaks else 1.0)


def test_it_learns_and_ends_with_the_weights_of_its_best_epoch():
    told = []
    loop = ran(looped(RECIPE.because(epochs=30, patience=5)), lambda p: told.append(p.step))
    history = loop.progress.history
    assert told == [4 * (number + 1) for number in range(len(history))]
    best = history[loop.progress.best_epoch - 1].validation_loss
    assert best == min(each.validation_loss for each in history) < 0.8 < history[0].validation_loss
    assert loop.validation_loss() == best


def test_it_stops_when_nothing_gets_better():
    loop = ran(looped(RECIPE.because(epochs=500, patience=3, learning_rate=0.05)))
    assert len(loop.progress.history) == loop.progress.best_epoch + 3 < 500


def test_it_computes_what_a_hand_written_loop_computes():
    mine, model = (nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 3)) for _ in range(2))
    model.load_state_dict(mine.state_dict())
    loop, (training, _) = ran(looped(model=mine)), parts()
    optimizer = torch.optim.AdamW(
        [
            {"params": [model[0].weight, model[2].weight], "weight_decay": 0.01},
            {"params": [model[0].bias, model[2].bias], "weight_decay": 0},
        ]
    )
    order, best = batches.Order(80, 1), loop.progress.best_epoch
    for epoch in range(best):
        order.epoch = epoch
        for number, places in enumerate(order.places().tensor_split(4)):
            (inputs,), targets = training.__getitems__(places)
            for group in optimizer.param_groups:
                group["lr"] = 0.01 * share_of_rate(4 * epoch + number, 16, 0.05)
            optimizer.zero_grad()
            cross_entropy(model(inputs), targets).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
    for first, second in zip(mine.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(first, second, rtol=1e-4, atol=1e-6)


def test_what_the_person_drew_before_changes_nothing():
    first = ran(looped())
    torch.randn(100)
    assert bits(ran(looped())) == bits(first)
    assert bits(ran(looped(RECIPE.because(seed=2)))) != bits(first)


def test_data_that_are_not_kept_give_the_same_bits(monkeypatch):
    first = ran(looped())
    monkeypatch.setattr(batches, "ROOM", 0)
    assert bits(ran(looped())) == bits(first)


def test_what_the_person_draws_afterwards_is_as_without_it():
    loop = looped()
    before = torch.get_rng_state()
    loop.run(quiet)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_full_disk_ends_no_training(tmp_path, monkeypatch):
    def full(*arguments, **how):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("unstuck.fit.checkpoints.files.write_bytes", full)
    said, plain = [], ran(looped())
    loop = ran(looped(say=said.append), quiet, Keeper(tmp_path))
    assert bits(loop) == bits(plain)
    assert said == [f"cannot keep a checkpoint in {tmp_path}: No space left on device"]


@pytest.mark.parametrize("seed", [0, 2**63 - 1])
def test_every_seed_of_a_recipe_can_be_drawn_with(seed):
    assert len(ran(looped(RECIPE.because(seed=seed, epochs=1))).progress.history) == 1


def test_watching_changes_no_bit_and_finds_nothing():
    plain, watched = ran(looped()), looped()
    with watched.watching() as seen:
        watched.run(quiet)
    assert bits(watched) == bits(plain)
    assert losses(watched) == losses(plain)
    assert seen.record.script.steps == 16
    assert seen.record.facts.data["updates_per_epoch"] == 4
    assert [finding.check for finding in seen.findings] == []
    missing = set(seen.record.facts.missing)
    assert not missing & {"loss", "gradients", "targets", "predictions", "optimizers"}


def test_a_fault_is_found_while_it_is_watched():
    loop = looped(RECIPE.because(learning_rate=1e-9, epochs=60, patience=60))
    with loop.watching() as seen:
        loop.run(quiet)
    assert "loss-not-falling" in [finding.check for finding in seen.findings]


def test_a_diverged_training_goes_back_to_its_start_with_a_third_of_the_rate():
    said, model = [], Breaking([3])
    loop = ran(looped(model=model, say=said.append))
    assert said == [
        "the loss became nan at step 3: back to the start, with a third of the learning rate"
    ]
    assert loop.progress.share == 1 / 3
    assert len(losses(loop)) == 4
    slower = ran(looped(RECIPE.because(learning_rate=0.01 / 3), model=Breaking([])))
    np.testing.assert_allclose(losses(loop), losses(slower), rtol=1e-4)


def test_after_an_epoch_it_goes_back_to_the_best_weights():
    said, model = [], Breaking([6])
    rates = []
    loop = looped(model=model, say=said.append)
    loop.run(quiet, None, lambda loop: rates.append(loop.optimizer.param_groups[0]["lr"]))
    assert said == [
        "the loss became nan at step 6: back to the weights of epoch 1, with a third of the learning rate"
    ]
    assert [each.number for each in loop.progress.history] == [1, 2, 3, 4]
    assert rates[6] == pytest.approx(rates[4] / 3)  # steps 5 and 6, then 5 again


def test_a_held_out_loss_that_is_no_number_counts_too():
    said = []
    ran(looped(model=Breaking([8], held_out=True), say=said.append))
    assert said[0].startswith(
        "the held-out loss became nan in epoch 2: back to the weights of epoch 1"
    )


def test_the_second_time_it_ends_with_the_best_weights_so_far():
    model = Breaking([6, 9])
    loop = looped(model=model)
    with pytest.raises(Diverged, match=r"^the loss became nan at step 7$") as caught:
        loop.run(quiet)
    assert "learning_rate" in caught.value.hint
    assert all(bool(each.isfinite().all()) for each in model.state_dict().values())
    model.eval()
    assert loop.validation_loss() == loop.progress.best_loss


def test_going_back_survives_a_kill(tmp_path):
    class Killed(BaseException):
        pass

    def kill(loop):
        if loop.progress.share < 1 and loop.progress.step == 10:
            raise Killed

    whole = ran(looped(model=Breaking([6])))
    keeper = Keeper(tmp_path, pause=0)
    with pytest.raises(Killed):
        looped(model=Breaking([6])).run(quiet, keeper, kill)
    again = ran(looped(model=Breaking([])), quiet, keeper)
    assert losses(again) == losses(whole)
    assert bits(again) == bits(whole)


class Words(nn.Module):
    def __init__(self, sparse):
        super().__init__()
        torch.manual_seed(0)
        self.words, self.head = nn.Embedding(30, 4, sparse=sparse), nn.Linear(4, 3)

    def forward(self, values):
        return self.head(self.words(values.abs().mul(7).long().clamp(max=29)).mean(1))


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_sparse_gradients_train_as_dense_ones(optimizer, tmp_path):
    recipe = RECIPE.because(optimizer=optimizer, momentum=0.9)
    sparse = looped(recipe, model=Words(sparse=True))
    sparse.run(quiet, Keeper(tmp_path, pause=0))
    dense = ran(looped(recipe, model=Words(sparse=False)))
    np.testing.assert_allclose(losses(sparse), losses(dense), rtol=1e-5)


@pytest.mark.parametrize(
    ("kind", "loss", "word"),
    [("classes", "cross-entropy", "weight"), ("labels", "binary cross-entropy", "pos_weight")],
)
def test_class_weights_reach_the_loss(kind, loss, word):
    weights = torch.tensor([1.0, 2.0, 5.0])
    loop = looped(RECIPE.because(loss=loss), data=parts(kind), weights=weights)
    outputs, targets = torch.randn(80, 3), loop._data[0].targets
    expected = LOSSES[loss](outputs, targets, **{word: weights})
    assert torch.equal(loop._weighed(outputs, targets), expected)
    assert losses(ran(loop)) != losses(ran(looped(RECIPE.because(loss=loss), data=parts(kind))))


@pytest.mark.parametrize(
    ("kind", "loss"), [("classes", "cross-entropy"), ("labels", "binary cross-entropy")]
)
def test_the_weighed_held_out_loss_does_not_depend_on_its_batches(monkeypatch, kind, loss):
    recipe, weights = RECIPE.because(loss=loss), torch.tensor([1.0, 2.0, 5.0])
    whole = looped(recipe, data=parts(kind), weights=weights).validation_loss()
    monkeypatch.setattr(loops, "AT_ONCE", 7)
    again = looped(recipe, data=parts(kind), weights=weights).validation_loss()
    assert again == pytest.approx(whole, rel=1e-6)


def test_nothing_decays_biases_and_norms():
    groups = optimizer_of(net(), RECIPE).param_groups
    decays = {p.ndim > 1: group["weight_decay"] for group in groups for p in group["params"]}
    assert decays == {True: 0.01, False: 0.0}
    assert {group["lr"] for group in groups} == {0.01}


def test_a_group_may_be_trained_with_a_share_of_the_rate(monkeypatch):
    real = loops.optimizer_of

    def shared(model, recipe):
        optimizer = real(model, recipe)
        optimizer.param_groups[1]["share"] = 0.1
        return optimizer

    monkeypatch.setattr(loops, "optimizer_of", shared)
    found = []
    looped().run(
        quiet, None, lambda loop: found.append([g["lr"] for g in loop.optimizer.param_groups])
    )
    assert all(second == pytest.approx(first / 10) for first, second in found)


def test_the_rate_warms_up_and_falls_to_nothing():
    shares = [share_of_rate(step, 100, 0.1) for step in range(100)]
    assert shares[:10] == pytest.approx([(n + 1) / 10 for n in range(10)])
    assert max(shares) == shares[9] == shares[10] == 1
    assert shares[10:] == sorted(shares[10:], reverse=True)
    assert 0 < shares[99] < 0.001


def test_half_precision_trains_and_the_model_computes_in_single_precision_again():
    loop = ran(looped(RECIPE.because(precision="bfloat16")))
    assert losses(loop) != losses(ran(looped()))  # and a second precision in one process
    values = torch.randn(2, 5)
    assert torch.equal(loop.net(values), nn.Sequential.forward(loop.net, values))
    assert loop.net(values).dtype == torch.float32


def test_the_scale_of_losses_in_half_precision_is_kept(tmp_path):
    first, again, keeper = looped(), looped(), Keeper(tmp_path)
    for loop, scale in (first, 2.0**9), (again, 2.0**16):
        loop.accelerator.scaler = torch.amp.GradScaler("cpu", init_scale=scale)
        loop.run(quiet, keeper)
    assert again.accelerator.scaler.get_scale() == 2.0**9


@pytest.mark.skipif(torch.accelerator.is_available(), reason="it can")
def test_a_precision_that_the_device_lacks_is_refused():
    with pytest.raises(UsageError, match=r"^cpu cannot train in float16$"):
        looped(RECIPE.because(precision="float16"))
    ran(looped())


class Tracker(GeneralTracker):
    """Keeps what it is told."""

    name, requires_logging_directory, tracker = "mine", False, None

    def __init__(self):
        super().__init__()
        self.config, self.rows, self.is_finished = {}, [], False

    @on_main_process
    def store_init_configuration(self, values):
        self.config = values

    @on_main_process
    def log(self, values, step=None, **how):
        self.rows.append((step, values))

    @on_main_process
    def finish(self):
        self.is_finished = True


def test_trackers_are_told_recipe_and_epochs():
    tracker = Tracker()
    loop = ran(looped(trackers=[tracker]))
    assert tracker.config["learning_rate"] == 0.01
    assert [step for step, _ in tracker.rows] == [1, 2, 3, 4]
    assert tracker.is_finished
    assert tracker.rows[-1][1]["validation_loss"] == loop.progress.history[-1].validation_loss


def test_an_unknown_tracker_is_one_clear_line():
    with pytest.raises(UsageError, match=r"^there is no tracker nobody$"):
        looped(trackers=["nobody"])


def test_a_tracker_that_is_not_installed_is_one_clear_line(monkeypatch):
    monkeypatch.setattr(device, "get_available_trackers", list)
    with pytest.raises(UsageError, match=r"^the tracker tensorboard is not installed$") as caught:
        looped(trackers=["tensorboard"])
    assert caught.value.hint == "pip install tensorboard"
