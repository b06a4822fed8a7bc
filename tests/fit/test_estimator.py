"""Models as scikit-learn knows them."""

import warnings

import numpy as np
import pandas
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris, make_multilabel_classification, make_regression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

import unstuck
from unstuck.errors import BadData, DataWarning, UsageError
from unstuck.fit.estimator import FitClassifier, FitRegressor

QUICK = {"model": "linear", "learning_rate": 0.1, "epochs": 5}

DO_NOT_APPLY = {
    "check_array_api_input": "needs SCIPY_ARRAY_API in the environment of the whole process",
    "check_classifiers_multilabel_output_format_decision_function": "probabilities are given instead",
}


def name_of(check):
    return getattr(check, "func", check).__name__


def checks(estimator):
    return [each[1] for each in estimator_checks_generator(estimator)]


@pytest.mark.filterwarnings("ignore::unstuck.errors.DataWarning")
@pytest.mark.parametrize("check", checks(FitClassifier()), ids=name_of)
def test_scikit_learn_takes_the_classifier_for_one_of_its_own(check):
    _ask(check, FitClassifier(recipe=QUICK))


@pytest.mark.filterwarnings("ignore::unstuck.errors.DataWarning")
@pytest.mark.parametrize("check", checks(FitRegressor()), ids=name_of)
def test_scikit_learn_takes_the_regressor_for_one_of_its_own(check):
    _ask(check, FitRegressor(recipe=QUICK))


def _ask(check, estimator):
    if name_of(check) in DO_NOT_APPLY:
        pytest.skip(DO_NOT_APPLY[name_of(check)])
    check(estimator)


@pytest.fixture(scope="module")
def iris():
    inputs, targets = load_iris(return_X_y=True)
    return inputs, targets, unstuck.fit(inputs, targets, recipe=QUICK)


def test_the_function_finds_the_task_and_gives_a_fitted_estimator(iris):
    inputs, targets, model = iris
    assert isinstance(model, FitClassifier)
    assert model.score(inputs, targets) > 0.8
    assert model.predict_proba(inputs).shape == (150, 3)
    assert model.metrics_["accuracy"] > 0.8
    assert model.classes_.tolist() == [0, 1, 2]


def test_what_was_saved_predicts_the_same(iris, tmp_path):
    inputs, _, model = iris
    model.save(tmp_path / "m")
    again = unstuck.load(tmp_path / "m")
    assert isinstance(again, FitClassifier)
    assert (again.predict_proba(inputs) == model.predict_proba(inputs)).all()
    assert again.get_params()["recipe"]["epochs"] == 5


def test_a_file_and_the_name_of_its_target_are_enough(tmp_path):
    draw = np.random.default_rng(0)
    table = pandas.DataFrame(draw.normal(size=(200, 3)), columns=["a", "b", "c"])
    table["price"] = 3 * table.a - table.b + 7
    table.to_csv(tmp_path / "t.csv", index=False)
    model = unstuck.fit(str(tmp_path / "t.csv"), target="price", recipe={**QUICK, "epochs": 30})
    assert isinstance(model, FitRegressor)
    told = model.predict(str(tmp_path / "t.csv"))
    assert model.predict(table.drop(columns="price")) == pytest.approx(told)
    assert np.corrcoef(told, table.price)[0, 1] > 0.95


def test_frames_sets_of_labels_several_outputs_and_images_are_fitted():
    inputs, targets = load_iris(return_X_y=True, as_frame=True)
    assert FitClassifier(recipe=QUICK).fit(inputs, targets).score(inputs, targets) > 0.8
    values, labels = make_multilabel_classification(100, 5, n_classes=3, random_state=0)
    sets = [{f"label {n}" for n in np.flatnonzero(row)} for row in labels]
    assert FitClassifier(recipe=QUICK).fit(values, sets).predict(values).shape == (100, 3)
    values, several = make_regression(100, 5, n_targets=2, random_state=0)
    assert FitRegressor(recipe=QUICK).fit(values, several).predict(values).shape == (100, 2)
    images = load_digits().images[:200]
    model = FitClassifier(recipe={**QUICK, "model": "cnn", "epochs": 1}).fit(
        images, load_digits().target[:200]
    )
    assert model.predict(images).shape == (200,)


def test_it_stands_in_pipelines_and_cross_validation(iris):
    inputs, targets, model = iris
    pipeline = make_pipeline(StandardScaler(), clone(model))
    assert cross_val_score(pipeline, inputs, targets, cv=2).mean() > 0.7


def test_errors_of_data_are_of_the_kind_that_each_caller_expects():
    with pytest.raises(ValueError, match="too few"):
        FitClassifier(recipe=QUICK).fit([[1.0], [2.0], [3.0], [4.0]], [0, 1, 0, 1])
    with pytest.raises(BadData, match="too few"):
        unstuck.fit([[1.0], [2.0], [3.0], [4.0]], [0, 1, 0, 1], recipe=QUICK)


def test_the_package_is_still_a_package():
    from unstuck.fit.task import KINDS

    assert callable(unstuck.fit)
    assert "binary" in KINDS


def test_without_a_terminal_what_was_left_out_is_a_warning():
    draw = np.random.default_rng(0)
    values = draw.normal(size=120)
    frame = pandas.DataFrame({"a": values, "same": 1, "copy": 2 * values})
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always", DataWarning)
        model = unstuck.fit(frame, 2 * values, recipe=QUICK)
    said = [str(each.message) for each in seen]
    assert any(text.startswith("same is left out") for text in said)
    assert any(text.startswith("copy equals the target") for text in said)
    assert model.notes_[0] == "columns: numbers a, copy"


def test_a_recipe_that_does_not_exist_is_said_as_in_a_file():
    with pytest.raises(BadData, match="a recipe has no modle"):
        unstuck.fit(np.eye(20), [0, 1] * 10, recipe={"modle": "mlp"})


def test_what_cannot_be_made_is_said_before_anything_is_trained(monkeypatch):
    monkeypatch.setattr("unstuck.fit.fitting.trained", None)
    with pytest.raises(UsageError, match="there is no module minee"):
        unstuck.fit(np.eye(20), [0, 1] * 10, recipe={"model": "minee:net"})
