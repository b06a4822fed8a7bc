"""Which model is kept, and what is said of it."""

import os
import re
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch

from unstuck.errors import UsageError
from unstuck.fit import candidates, fitting
from unstuck.fit.alternatives import PIECES
from unstuck.fit.examples import Arrays, Examples
from unstuck.fit.fitted import Fitted, load_fitted
from unstuck.fit.loop import Stopped
from unstuck.fit.recipe import Recipe
from unstuck.fit.schedule import Schedule

QUICK = {"learning_rate": 0.03, "epochs": 8, "patience": 8}


def examples(targets, inputs=None, rows=400):
    draw = np.random.default_rng(0)
    values = draw.normal(size=(rows, 4)) if inputs is None else inputs
    return Examples(Arrays(values), "the test", np.asarray(targets(values, draw)))


def noisy_line(values, draw):
    return values @ [1.0, 2.0, 0.0, -1.0] + draw.normal(size=len(values))


def rare(values, draw):
    return (values[:, 0] + values[:, 1] > 2.6).astype(int)


def fitted(data, **how):
    said = []
    model = fitting.fit(data, **how, how=fitting.How(said.append))
    return model, said


@pytest.fixture(scope="module")
def line():
    return fitted(examples(noisy_line, rows=200), hand={"epochs": 20})


def test_where_a_linear_model_is_enough_it_is_said_and_kept(line):
    model, said = line
    assert model.recipe.model == "linear"
    assert said[-1].startswith("a linear model is enough: it is kept (--model mlp keeps the net)")
    assert model.about["choice"] == said[-1]


def test_data_task_and_both_models_are_said_in_this_order(line):
    starts = (
        "the test: 200 examples",
        "task: regression",
        "a linear model: R2",
        "the net: R2",
        "a",
    )
    assert all(text.startswith(start) for text, start in zip(line[1], starts, strict=True))


def test_a_training_was_watched_and_nothing_was_found(line):
    assert line[0].run.script.steps > 0
    assert line[0].run.findings == ()


def test_a_net_that_was_asked_for_is_kept_all_the_same():
    model, said = fitted(examples(noisy_line), hand={"model": "mlp", **QUICK})
    assert model.recipe.model == "mlp"
    assert "as you asked for it" in said[-1] or "less than one standard error" in said[-1]


def test_a_linear_model_that_was_asked_for_is_all_that_is_trained():
    model, said = fitted(examples(noisy_line), hand={"model": "linear", **QUICK})
    assert model.recipe.model == "linear"
    assert not any(text.startswith("the net") for text in said)
    assert model.metrics == model.about["linear"]


def candidate(name, losses):
    recipe = Recipe().because(model=name)
    fitted = Fitted(torch.nn.Identity(), recipe, None, None)
    return candidates.Candidate(fitted, torch.zeros(len(losses), 1), torch.tensor(losses))


@pytest.mark.parametrize(
    ("net", "kept", "said"),
    [
        ([0.1, 0.2, 0.1, 0.2], "mlp", "the net is worth it"),
        ([0.1, 1.9, 0.5, 1.0], "mlp", "less than one standard error"),
        ([1.5, 1.0, 1.0, 1.2], "linear", "a linear model is enough: it is kept"),
    ],
)
def test_the_better_one_is_kept_and_the_plain_word_is_said(net, kept, said):
    linear = candidate("linear", [1.0, 1.0, 1.0, 1.0])
    found, why = candidates.choice(linear, candidate("mlp", net), asked=False)
    assert found.fitted.recipe.model == kept
    assert said in why


def test_weights_are_tried_where_a_class_is_rare_and_the_reason_says_what_was_measured():
    model, _ = fitted(examples(rare), hand={"model": "linear", **QUICK})
    assert model.about["headline"] == "balanced accuracy"
    assert "with them on the rows to choose by" in model.recipe.reasons["class_weights"]
    assert bool(model.offset) == model.recipe.class_weights


def test_probabilities_of_a_net_trained_with_weights_stay_calibrated():
    hand = {"model": "linear", **QUICK, "epochs": 20}
    data = examples(rare, rows=1500)
    weighed, _ = fitted(data, hand={**hand, "class_weights": True})
    said = float(weighed.probabilities(data.inputs)[:, 1].mean())
    assert said == pytest.approx(data.targets.mean(), abs=0.02)
    bare = replace(weighed, offset=())
    assert float(bare.probabilities(data.inputs)[:, 1].mean()) > 2 * said


def test_the_recipe_can_be_had_without_training_a_model(monkeypatch):
    monkeypatch.setattr(fitting, "trained", None)
    recipe = fitting.chosen_recipe(examples(noisy_line))
    assert recipe.learning_rate > 0
    assert "short trainings" in recipe.reasons["learning_rate"]


def test_a_regression_has_no_classes_to_weigh():
    with pytest.raises(UsageError, match="a regression task has no classes to weigh"):
        fitting.fit(examples(noisy_line), hand={"class_weights": True})


STEPS = {
    "batch_size": 256, "learning_rate": 0.02, "epochs": 12, "patience": 12, "dropout": 0.3
}  # fmt: skip


def stairs(values, draw):
    return np.sign(np.sin(6 * values[:, 0])) + 0.1 * draw.normal(size=len(values))


@pytest.mark.parametrize(("targets", "pieces"), [(stairs, PIECES), (noisy_line, 0)])
def test_numbers_are_cut_where_that_is_clearly_better(targets, pieces):
    ready = fitting.prepared(examples(targets, rows=1200), hand=STEPS)
    kept = fitting._best(ready, fitting.How(name="net"))
    assert kept.recipe.pieces == pieces
    found = re.fullmatch(
        r"held-out loss ([\d.]+) without, ([\d.]+) with pieces 16", kept.recipe.reasons["pieces"]
    )
    whole, cut = map(float, found.groups())
    assert (cut < 0.8 * whole) == bool(pieces)
    assert (kept.model.get_submodule("entry").pieces is not None) == bool(pieces)


@pytest.mark.parametrize(
    ("rows", "hand"),
    [(1000, {}), (1200, {"pieces": 0}), (1200, {"model": "linear"})],
    ids=["few rows", "set by hand", "linear"],
)
def test_numbers_are_not_tried_in_pieces(rows, hand):
    ready = fitting.prepared(examples(stairs, rows=rows), hand={**STEPS, **hand})
    assert "net-pieces" not in fitting._planned(ready, hand)


def test_all_members_are_cut_if_the_first_is_best_so():
    hand = {**STEPS, "epochs": 6, "members": 2}
    model, _ = fitted(examples(stairs, rows=1200), hand=hand)
    assert model.recipe.pieces == PIECES
    edges = [each.entry.pieces.edges for each in model.model.nets]
    assert torch.equal(*edges)
    assert (edges[0].diff(dim=1) > 0).all()


def test_what_is_planned_is_what_is_trained():
    begun = []

    class Told(Schedule):
        def plan(self, names):
            super().plan(names)
            self.planned = self.coming

        def begins(self, name):
            begun.append(name)

    schedule = Told()
    hand = {**STEPS, "epochs": 1, "members": 2}
    fitting.fit(examples(rare, rows=1200), hand=hand, how=fitting.How(schedule=schedule))
    assert begun == list(schedule.planned)
    assert begun == [
        "linear", "linear.2", "linear-weighed", "linear-weighed.2",
        "net", "net-pieces", "net.2", "net-weighed", "net-weighed.2",
    ]  # fmt: skip


def test_each_member_is_trained_in_its_fold_and_begins_elsewhere(monkeypatch):
    asked, part = [], fitting.Prepared.part
    monkeypatch.setattr(
        fitting.Prepared, "part", lambda self, rows: asked.append(rows) or part(self, rows)
    )
    ready = fitting.prepared(examples(noisy_line), hand={**QUICK, "members": 3, "epochs": 1})
    found = fitting.members(ready, ready.recipe, fitting.How(name="net"))
    folds = [rows for fold in ready.split.folds for rows in (fold.training, fold.validation)]
    assert [*map(id, asked)] == [*map(id, folds)]
    assert [each.recipe.seed for each in found] == [0, 1, 2]
    assert {each.recipe.learning_rate for each in found} == {0.03}
    weights = [each.model.head.weight for each in found]
    assert not torch.equal(weights[0], weights[1])
    assert [each.run is None for each in found] == [False, True, True]


def test_each_row_to_choose_by_is_answered_by_the_member_that_did_not_see_it():
    ready = fitting.prepared(examples(noisy_line), hand={**QUICK, "members": 3, "epochs": 1})
    made = fitting.members(ready, ready.recipe, fitting.How(name="net"))
    found = candidates.judged(ready, made)
    wanted = []
    for each, fold in zip(made, ready.split.folds, strict=True):
        inputs = ready.encoder.encoded(ready.examples.inputs, fold.validation)
        with torch.no_grad():
            wanted.append(each.model(*inputs))
    assert torch.allclose(found.outputs, torch.cat(wanted), atol=1e-6)
    truth = ready.targets[ready.split.validation]
    assert torch.allclose(found.losses, (torch.cat(wanted) - truth).square()[:, 0], atol=1e-5)
    assert len(found.fitted.model.nets) == 3
    assert found.fitted.about["epochs"] == [1, 1, 1]


def test_several_members_are_saved_and_answer_the_same(tmp_path):
    data = examples(stairs)
    hand = {**QUICK, "members": 3, "pieces": 4, "model": "mlp", "epochs": 2}
    model, _ = fitted(data, hand=hand)
    model.save(tmp_path / "m")
    again = load_fitted(tmp_path / "m")
    assert (again.recipe.members, again.recipe.pieces) == (3, 4)
    assert torch.equal(again.outputs(data.inputs), model.outputs(data.inputs))


@pytest.mark.parametrize("name", ["linear", "net.2"])
def test_what_ctrl_c_ended_goes_on_to_the_same_bits(tmp_path, name):
    hand = {"model": "mlp", **QUICK, "epochs": 4, "members": 2}

    class Interrupting(Schedule):
        def stepped(self, progress, an_epoch):
            if self.training == name and len(progress.history) == 3:
                os.kill(os.getpid(), signal.SIGINT)

    data = examples(noisy_line, rows=150)
    whole = fitting.fit(data, hand=hand)
    how = fitting.How(schedule=Interrupting(), folder=tmp_path / "kept")
    with pytest.raises(Stopped, match=f"^{name} stopped after step"):
        fitting.fit(data, hand=hand, how=how)
    assert list(tmp_path.glob(f"kept/{name}/step-*"))
    trained, steps = [], []

    class Told(Schedule):
        def stepped(self, progress, an_epoch):
            trained.append(self.training)
            steps.append(progress.step)

    again = fitting.How(schedule=Told(), folder=tmp_path / "kept", resume=True)
    resumed = fitting.fit(data, hand=hand, how=again)
    assert (trained[0], steps[0] > 1) == (name, True)  # what has ended is not trained again
    state = whole.model.state_dict()
    assert all(torch.equal(each, state[key]) for key, each in resumed.model.state_dict().items())
    assert resumed.metrics == whole.metrics
