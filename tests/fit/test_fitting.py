"""Which model is kept, and what is said of it."""

import os
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch

from unstuck.errors import UsageError
from unstuck.fit import candidates, fitting
from unstuck.fit.examples import Arrays, Examples
from unstuck.fit.fitted import Fitted
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
    return fitted(examples(noisy_line))


def test_where_a_linear_model_is_enough_it_is_said_and_kept(line):
    model, said = line
    assert model.recipe.model == "linear"
    assert said[-1].startswith("a linear model is enough: it is kept (--model mlp keeps the net)")
    assert model.about["choice"] == said[-1]


def test_data_task_and_both_models_are_said_in_this_order(line):
    starts = (
        "the test: 400 examples",
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
    hand = {"model": "linear", **QUICK, "epochs": 40}
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


def test_what_ctrl_c_ended_goes_on_to_the_same_model(tmp_path):
    hand = {"model": "mlp", **QUICK}

    class Interrupting(Schedule):
        def stepped(self, progress, an_epoch):
            if len(progress.history) == 3:
                os.kill(os.getpid(), signal.SIGINT)

    data = examples(noisy_line, rows=150)
    whole = fitting.fit(data, hand=hand)
    how = fitting.How(schedule=Interrupting(), folder=tmp_path / "kept")
    with pytest.raises(Stopped, match="linear stopped after step"):
        fitting.fit(data, hand=hand, how=how)
    assert list(tmp_path.glob("kept/linear/step-*"))
    again = fitting.How(folder=tmp_path / "kept", resume=True)
    resumed = fitting.fit(data, hand=hand, how=again)
    assert resumed.metrics == whole.metrics
