"""Models as scikit-learn knows them: fit, predict, score, and what was trained behind them."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from unstuck.errors import DataWarning, UnstuckError
from unstuck.fit import recipe as recipes
from unstuck.fit.examples import Examples
from unstuck.fit.fitted import Fitted, load_fitted
from unstuck.fit.fitting import fit as fitted_to
from unstuck.fit.readers import Wish, read
from unstuck.fit.task import Kind, task_of

ALARMING = ("warning: ", "left out", "read as names", "not read")
"""In notes that a person has to know of, who sees no terminal."""

HandSet = Mapping[str, Any] | str | Path | None
"""Values of the recipe that a person sets, or the file in which they stand."""


class _Fit(BaseEstimator):  # type: ignore[misc]
    """What both kinds share. ``fitted_`` is the trained model with its recipe and its run."""

    def __init__(self, *, recipe: HandSet = None, seed: int = 0) -> None:
        self.recipe, self.seed = recipe, seed

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: N803 - as scikit-learn names it
        """Classes or quantities (rows,); of several labels or outputs (rows, columns).

        Raises:
            ValueError: the data are not as those of the training.
        """
        return self._fitted().told(self._outputs(X))

    def save(self, folder: str | Path) -> None:
        """Write the folder that ``unstuck.load`` and ``unstuck predict`` read.

        Raises:
            OSError: it cannot be written.
        """
        self._fitted().save(Path(folder))

    @property
    def metrics_(self) -> Mapping[str, float]:
        """Of the rows that nothing was trained on or chosen by."""
        return self._fitted().metrics

    def _fitted(self) -> Fitted:
        check_is_fitted(self)
        found: Fitted = self.fitted_
        return found

    def _outputs(self, data: Any) -> Any:
        fitted = self._fitted()
        if _is_for_sklearn(data):
            data = _numbers(self, data, reset=False)
        elif hasattr(data, "columns") and hasattr(self, "n_features_in_"):
            validate_data(self, data, reset=False, skip_check_array=True)
        with _as_value_error():
            target = tuple(fitted.about.get("targets", ()))
            return fitted.outputs(read(data, Wish(target, predicting=True)).inputs)

    def _trained(self, data: Any, y: Any, kind: Kind | None) -> Any:
        """Set itself to what was trained on arrays or a frame and their targets."""
        if not _is_for_sklearn(data) and hasattr(data, "columns"):
            validate_data(self, data, reset=True, skip_check_array=True)
        with _as_value_error():
            examples = read(data, Wish(kind=kind), y)
            return self._on(examples, kind)

    def _on(self, examples: Examples, kind: Kind | None) -> Any:
        hand = self.recipe or {}
        if isinstance(hand, Mapping):
            hand = {name: recipes.checked(name, each, "recipe") for name, each in hand.items()}
        else:
            hand = recipes.read(Path(hand))
        fitted = fitted_to(examples, kind=kind, seed=self.seed, hand=hand)
        for note in fitted.about["notes"]:
            if any(word in note for word in ALARMING):
                warnings.warn(note.removeprefix("warning: "), DataWarning, stacklevel=5)
        return self._of(fitted)

    @property
    def notes_(self) -> tuple[str, ...]:
        """How the data were read, what was left out and why, and what may spoil the judgement."""
        return tuple(self._fitted().about.get("notes", ()))

    def _of(self, fitted: Fitted) -> Any:
        self.fitted_ = fitted
        if fitted.task.is_classification:
            self.classes_ = np.array(fitted.task.names)
        return self


class FitClassifier(ClassifierMixin, _Fit):  # type: ignore[misc]
    """Tells classes apart, or finds labels: by a net or a linear model, whichever is better."""

    def fit(self, X: Any, y: Any) -> "FitClassifier":  # noqa: N803
        """Train on arrays, images or a frame; ``y`` are classes, sets of labels, or columns of 0 and 1.

        Raises:
            ValueError: the data cannot be learned from.
        """
        if _is_for_sklearn(X):
            X, y = _checked(self, X, y)  # noqa: N806
        if isinstance(y, np.ndarray) and y.dtype != object:
            check_classification_targets(y)
        found: FitClassifier = self._trained(X, y, _classes(y))
        return found

    def predict_proba(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """(rows, classes), or of several labels (rows, labels).

        Raises:
            ValueError: the data are not as those of the training.
        """
        outputs = self._outputs(X)
        found: NDArray[np.float64] = self.fitted_.task.probabilities(outputs).double().numpy()
        return found

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = tags.classifier_tags.multi_label = True
        return tags


class FitRegressor(RegressorMixin, _Fit):  # type: ignore[misc]
    """Predicts quantities: by a net or a linear model, whichever is better."""

    def fit(self, X: Any, y: Any) -> "FitRegressor":  # noqa: N803
        """Train on arrays, images or a frame; ``y`` are numbers (rows,) or (rows, outputs).

        Raises:
            ValueError: the data cannot be learned from.
        """
        if _is_for_sklearn(X):
            X, y = _checked(self, X, y, numbers=True)  # noqa: N806
        found: FitRegressor = self._trained(X, y, "regression")
        return found

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = tags.target_tags.multi_output = True
        return tags


def fit(
    data: Any,
    y: Any = None,
    *,
    target: str | tuple[str, ...] = (),
    task: Kind | None = None,
    labels: str | Path | None = None,
    recipe: HandSet = None,
    seed: int = 0,
) -> "FitClassifier | FitRegressor":
    """Train a good model and say why it was made so.

    Args:
        data: an array, a frame, a tensor, a Dataset; the path of a table, an array, or a folder of
            images; or a name such as ``digits``.
        y: the targets, where they are not in the data.
        target: the column or columns to predict.
        task: binary, multi-class, multi-label or regression, if it shall not be found.
        labels: a file with the targets of a folder or an array.
        recipe: values of the recipe that you set, or the file in which they stand.
        seed: of all that is drawn.

    Raises:
        BadData: the data cannot be learned from; it says which row.

    Example::

        model = unstuck.fit("measurements.csv", target="price")
        model.metrics_, model.predict("others.csv")
        model.save("price-model")
    """
    named = (target,) if isinstance(target, str) else tuple(target)
    wish = Wish(named, labels=Path(labels) if labels else None, kind=task)
    examples = read(data, wish, y)
    assert examples.targets is not None, "a reader gives targets, or says that there are none"
    kind = task_of(examples.targets, examples.target_names, task, examples.place).kind
    model = (FitRegressor if kind == "regression" else FitClassifier)(recipe=recipe, seed=seed)
    found: FitClassifier | FitRegressor = model._on(examples, task)
    return found


def load(folder: str | Path, model: str = "") -> "FitClassifier | FitRegressor":
    """The model in a folder that ``unstuck fit`` or ``save`` wrote; nothing in it is executed.

    Args:
        folder: with model.json and model.safetensors.
        model: ``module:factory``, if the net is one of your own: that code is run.

    Raises:
        BadData: it is no such folder, or a file in it is damaged.
    """
    fitted = load_fitted(Path(folder), model)
    made = FitClassifier() if fitted.task.is_classification else FitRegressor()
    made.set_params(recipe=fitted.recipe.values(), seed=fitted.recipe.seed)
    found: FitClassifier | FitRegressor = made._of(fitted)
    return found


def _is_for_sklearn(data: Any) -> bool:
    """Whether scikit-learn's checks know what to do with it: rows of numbers, or what is no data."""
    if isinstance(data, str | Path) or hasattr(data, "columns") or hasattr(data, "detach"):
        return False
    if hasattr(data, "__getitem__") and not isinstance(data, list | tuple | np.ndarray):
        return bool(issparse(data))
    return int(getattr(data, "ndim", 2)) < 3


def _numbers(model: Any, data: Any, *, reset: bool) -> NDArray[Any]:
    if not reset and not hasattr(model, "n_features_in_"):
        return np.asarray(data)  # it comes from a folder: its encoder counts the features
    found: NDArray[Any] = validate_data(
        model, data, reset=reset, ensure_all_finite="allow-nan", dtype="numeric"
    )
    return found


def _checked(model: Any, data: Any, y: Any, *, numbers: bool = False) -> tuple[Any, Any]:
    if _are_sets(y):
        return _numbers(model, data, reset=True), y
    rows, targets = validate_data(
        model, data, y, multi_output=True, y_numeric=numbers, ensure_all_finite="allow-nan",
        dtype="numeric", ensure_min_samples=2,
    )  # fmt: skip
    single = targets.ndim == 2 and targets.shape[1] == 1
    return rows, column_or_1d(targets, warn=True) if single else targets


def _are_sets(y: Any) -> bool:
    return isinstance(y, list | tuple) and any(isinstance(each, set | frozenset) for each in y)


def _classes(y: Any) -> Kind | None:
    """The kind of task where it is not the targets' own business: many whole numbers are classes too."""
    if not isinstance(y, np.ndarray) or y.ndim > 1 or y.dtype == object:
        return None
    return "binary" if len(np.unique(y)) <= 2 else "multi-class"


@contextmanager
def _as_value_error() -> Iterator[None]:
    """As scikit-learn's tools expect an error of the data."""
    try:
        yield
    except UnstuckError as error:
        raise ValueError(
            f"{error.message}: {error.hint}" if error.hint else error.message
        ) from error
