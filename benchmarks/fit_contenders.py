"""The contenders of ``fit.py``, each as someone would use it who knows it well.

What comes before the net is the same for all but unstuck, which takes the data as they are: numbers
standardised, categories one-hot, gaps filled with the median and marked, quantities standardised. Each first
tries its own defaults, then settings drawn from the ranges below, for as long as unstuck took, and keeps the
settings that did best on 15 % of the rows to train on. Scikit-learn's are then fitted to all the rows, as its
searches do; the others keep the weights of their best epoch.
"""

import logging
import math
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import skorch
import torch
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from lightning.pytorch.tuner import Tuner
from numpy.typing import NDArray
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from skorch.callbacks import Callback
from skorch.callbacks import EarlyStopping as Patience
from skorch.helper import predefined_split
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

import unstuck
from fit_tasks import IN_A_FOLDER, Problem, written

Array = NDArray[Any]
Settings = Mapping[str, Any]
Answer = Callable[[Array], Array]
"""Of inputs: probabilities (rows, classes), or standardised quantities (rows,)."""


@dataclass(frozen=True)
class Prepared:
    """Numbers (rows, features) or pixels (rows, channels, height, width); ``seconds`` may be used."""

    x: Array
    y: Array
    test_x: Array
    quantity: bool
    seconds: float
    seed: int

    @property
    def outputs(self) -> int:
        """Of a net: one a class, or the quantity."""
        return 1 if self.quantity else int(self.y.max()) + 1

    def parts(self) -> list[Array]:
        """Inputs to fit and to choose by, targets to fit and to choose by."""
        by = None if self.quantity else self.y
        found: list[Array] = train_test_split(
            self.x, self.y, test_size=0.15, random_state=self.seed, stratify=by
        )
        return found


def prepared(
    problem: Problem, seconds: float, seed: int
) -> tuple[Prepared, Callable[[Array], Array]]:
    """What the nets are given, and what turns standardised quantities into those of the problem."""
    x, test_x = problem.x, problem.test_x
    if hasattr(x, "columns"):
        numbers = x.select_dtypes("number").columns
        of_numbers = make_pipeline(
            SimpleImputer(strategy="median", add_indicator=True), StandardScaler()
        )
        of_names = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        encoder = make_column_transformer(
            (of_numbers, numbers), (of_names, x.columns.difference(numbers))
        )
        x, test_x = encoder.fit_transform(x), encoder.transform(test_x)
    elif x.ndim == 2:
        scaler = StandardScaler().fit(x)
        x, test_x = scaler.transform(x), scaler.transform(test_x)
    else:
        x, test_x = (_channels_first(each) / x.max() - 0.5 for each in (x, test_x))
    y, back = problem.y, _same
    if problem.kind == "quantity":
        center, scale = y.mean(), y.std()
        y, back = ((y - center) / scale).astype(np.float32), lambda found: found * scale + center
    x, test_x = x.astype(np.float32), test_x.astype(np.float32)
    return Prepared(x, y, test_x, problem.kind == "quantity", seconds, seed), back


def _channels_first(images: Array) -> Array:
    return images[:, None] if images.ndim == 3 else images.transpose(0, 3, 1, 2)


def _same(found: Array) -> Array:
    return found


def loss_of(data: Prepared, truth: Array, found: Array) -> float:
    """What settings are chosen by: log loss or squared error."""
    if data.quantity:
        return float(mean_squared_error(truth, found))
    return float(log_loss(truth, found, labels=np.arange(data.outputs)))


Attempt = Callable[[Prepared, list[Array], Settings, int, float], Answer]


def searched(
    attempt: Attempt, ranges: Callable[[Any], Settings], data: Prepared
) -> tuple[Array, int]:
    """The answer of the best settings on the rows to test by, and how many were tried."""
    draw, parts, begun = np.random.default_rng(data.seed), data.parts(), time.perf_counter()
    settings: Settings = {}
    tried: list[tuple[float, Settings, Answer]] = []
    while True:
        start = time.perf_counter()
        left = data.seconds - (start - begun)
        answer = attempt(data, parts, settings, data.seed + len(tried), left)
        tried.append((loss_of(data, parts[3], answer(parts[1])), settings, answer))
        now = time.perf_counter()
        if now - begun + (now - start) > data.seconds:
            break
        settings = ranges(draw)
    _, settings, answer = min(tried, key=lambda each: each[0])
    if attempt in (mlp, boosting):
        answer = attempt(data, [data.x, data.x, data.y, data.y], settings, data.seed, math.inf)
    return answer(data.test_x), len(tried)


def _log_uniform(draw: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(draw.uniform(np.log(low), np.log(high))))


# scikit-learn


def mlp(data: Prepared, parts: list[Array], settings: Settings, seed: int, left: float) -> Answer:
    family = MLPRegressor if data.quantity else MLPClassifier
    return _of_sklearn(family(random_state=seed, **settings), data, parts)


def mlp_ranges(draw: np.random.Generator) -> Settings:
    widths = [(50,), (100,), (200,), (100, 100), (200, 100), (100, 100, 100)]
    return {
        "hidden_layer_sizes": widths[draw.integers(len(widths))],
        "alpha": _log_uniform(draw, 1e-6, 1.0),
        "learning_rate_init": _log_uniform(draw, 1e-4, 1e-2),
        "early_stopping": bool(draw.integers(2)),
    }


def boosting(
    data: Prepared, parts: list[Array], settings: Settings, seed: int, left: float
) -> Answer:
    family = HistGradientBoostingRegressor if data.quantity else HistGradientBoostingClassifier
    return _of_sklearn(family(random_state=seed, **settings), data, parts)


def boosting_ranges(draw: np.random.Generator) -> Settings:
    return {
        "learning_rate": _log_uniform(draw, 0.02, 0.3),
        "max_iter": int(_log_uniform(draw, 50, 500)),
        "max_leaf_nodes": int(_log_uniform(draw, 4, 64)),
        "min_samples_leaf": int(_log_uniform(draw, 3, 50)),
        "l2_regularization": _log_uniform(draw, 1e-6, 10),
    }


def _of_sklearn(model: Any, data: Prepared, parts: list[Array]) -> Answer:
    model.fit(parts[0].reshape(len(parts[0]), -1), parts[2])
    tell = model.predict if data.quantity else model.predict_proba
    return lambda x: tell(x.reshape(len(x), -1))


# Nets in PyTorch, for skorch and Lightning


def net_of(data: Prepared, width: int = 128, dropout: float = 0.1) -> nn.Module:
    """Two hidden layers; of images two convolutions more, as tutorials have them."""
    if data.x.ndim == 2:
        hidden = _hidden(data.x.shape[1], width, dropout) + _hidden(width, width, dropout)
        return nn.Sequential(*hidden, nn.Linear(width, data.outputs))
    channels, height, rows = data.x.shape[1], *data.x.shape[2:]
    maps = width // 2
    return nn.Sequential(
        *_convolution(channels, maps // 2),
        *_convolution(maps // 2, maps),
        nn.Flatten(),
        *_hidden(maps * (height // 4) * (rows // 4), width, dropout),
        nn.Linear(width, data.outputs),
    )


def _convolution(inputs: int, outputs: int) -> list[nn.Module]:
    convolution = nn.Conv2d(inputs, outputs, 3, padding=1)
    return [convolution, nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]


def _hidden(inputs: int, outputs: int, dropout: float) -> list[nn.Module]:
    return [nn.Linear(inputs, outputs), nn.ReLU(), nn.Dropout(dropout)]


def net_ranges(draw: np.random.Generator) -> Settings:
    return {
        "width": int(draw.choice([64, 128, 256])),
        "dropout": float(draw.choice([0.0, 0.1, 0.3])),
        "weight_decay": _log_uniform(draw, 1e-5, 1e-1),
        "batch_size": int(draw.choice([32, 64, 128])),
    }


def _loss(outputs: Tensor, targets: Tensor) -> Tensor:
    if targets.is_floating_point():
        return functional.mse_loss(outputs[:, 0], targets)
    return functional.cross_entropy(outputs, targets)


def _answer(net: nn.Module, data: Prepared) -> Answer:
    net.eval()

    def answer(x: Array) -> Array:
        with torch.no_grad():
            outputs = net(torch.from_numpy(x))
        found: Array = (outputs[:, 0] if data.quantity else outputs.softmax(1)).numpy()
        return found

    return answer


class _Until(Callback):  # type: ignore[misc]
    """Ends a training when its time is over, after an epoch."""

    def __init__(self, end: float) -> None:
        self.end = end

    def on_epoch_end(self, net: Any, **_: Any) -> None:
        if time.perf_counter() > self.end:
            raise KeyboardInterrupt


def with_skorch(
    data: Prepared, parts: list[Array], settings: Settings, seed: int, left: float
) -> Answer:
    torch.manual_seed(seed)
    held = skorch.dataset.Dataset(parts[1], parts[3])
    net = skorch.NeuralNet(
        net_of(data, settings.get("width", 128), settings.get("dropout", 0.1)),
        criterion=_Criterion,
        optimizer=torch.optim.AdamW,
        optimizer__weight_decay=settings.get("weight_decay", 0.01),
        lr=settings.get("lr", 1e-3),
        batch_size=settings.get("batch_size", 64),
        max_epochs=200,
        train_split=predefined_split(held),
        iterator_train__shuffle=True,
        callbacks=[Patience(patience=15, load_best=True), _Until(time.perf_counter() + left)],
        verbose=0,
    )
    net.fit(parts[0], parts[2])
    return _answer(net.module_, data)


class _Criterion(nn.Module):
    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return _loss(outputs, targets)


def skorch_ranges(draw: np.random.Generator) -> Settings:
    return {**net_ranges(draw), "lr": _log_uniform(draw, 1e-4, 1e-2)}


class _Module(lightning.LightningModule):
    def __init__(self, net: nn.Module, weight_decay: float) -> None:
        super().__init__()
        self.net, self.lr, self.weight_decay = net, 1e-3, weight_decay

    def training_step(self, batch: Any, _: int) -> Tensor:
        return _loss(self.net(batch[0]), batch[1])

    def validation_step(self, batch: Any, _: int) -> None:
        self.log("loss", _loss(self.net(batch[0]), batch[1]))

    def configure_optimizers(self) -> Any:
        return torch.optim.AdamW(self.parameters(), self.lr, weight_decay=self.weight_decay)


def with_lightning(
    data: Prepared, parts: list[Array], settings: Settings, seed: int, left: float
) -> Answer:
    lightning.seed_everything(seed, verbose=False)
    net = net_of(data, settings.get("width", 128), settings.get("dropout", 0.1))
    module = _Module(net, settings.get("weight_decay", 0.01))
    tensors = [torch.from_numpy(each) for each in parts]
    size = settings.get("batch_size", 64)
    training = DataLoader(TensorDataset(tensors[0], tensors[2]), size, shuffle=True)
    held = DataLoader(TensorDataset(tensors[1], tensors[3]), 1024)
    with tempfile.TemporaryDirectory() as folder:
        best = ModelCheckpoint(folder, monitor="loss")
        trainer = lightning.Trainer(
            max_epochs=200,
            max_time=timedelta(seconds=max(1.0, left)),
            callbacks=[EarlyStopping("loss", patience=15), best],
            default_root_dir=folder,
            accelerator="cpu",
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        # From the usual 1e-8 its smoothed loss is the steepest where it begins: R2 stays 0.
        Tuner(trainer).lr_find(module, training, held, min_lr=1e-5)
        trainer.fit(module, training, held)
        state = torch.load(best.best_model_path, weights_only=True)["state_dict"]
        module.load_state_dict(state)
    return _answer(module.net, data)


PEERS: Mapping[str, tuple[Attempt, Callable[[Any], Settings]]] = {
    "scikit-learn MLP": (mlp, mlp_ranges),
    "skorch": (with_skorch, skorch_ranges),
    "Lightning": (with_lightning, net_ranges),
    "gradient boosting": (boosting, boosting_ranges),
}


def of_peer(name: str, problem: Problem, seconds: float, seed: int) -> tuple[Array, dict[str, Any]]:
    """What it answers on the rows to test by, and how many settings it tried in how long."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    begun = time.perf_counter()
    data, back = prepared(problem, seconds, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found, tried = searched(*PEERS[name], data)
    return back(found), {"tried": tried, "seconds": round(time.perf_counter() - begun, 1)}


def of_unstuck(task: str, problem: Problem, seed: int) -> tuple[Array, dict[str, Any]]:
    """The same of ``unstuck.fit``, as it is."""
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        data, y, test_x = problem.x, problem.y, problem.test_x
        if task in IN_A_FOLDER:
            (data, test_x), y = written(problem, Path(folder)), None
        kind: Any = "regression" if problem.kind == "quantity" else None
        model = unstuck.fit(str(data) if y is None else data, y, task=kind, seed=seed)
        test_x = str(test_x) if y is None else test_x
        found = model.predict(test_x) if kind else model.predict_proba(test_x)
    return found, {
        "model": model.fitted_.recipe.model,
        "seconds": round(time.perf_counter() - begun, 1),
    }
