"""The tasks of ``fit.py``: each seed draws its own rows to train on and to test by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from sklearn import datasets
from sklearn.metrics import accuracy_score, average_precision_score, r2_score
from sklearn.model_selection import train_test_split

Kind = Literal["classes", "rare", "quantity"]

SCORES: Mapping[Kind, tuple[str, Callable[[Any, Any], float]]] = {
    "classes": ("accuracy", lambda truth, found: accuracy_score(truth, found.argmax(1))),
    "rare": ("average precision", lambda truth, found: average_precision_score(truth, found[:, 1])),
    "quantity": ("R2", r2_score),
}
"""What a kind of task is judged by, of probabilities (rows, classes) or quantities (rows,)."""


@dataclass(frozen=True)
class Problem:
    """Rows to train on and to test by.

    ``x`` is an array (rows, features) or (rows, height, width[, 3]), or a frame; ``y`` are class numbers or
    quantities.
    """

    kind: Kind
    x: Any
    y: NDArray[Any]
    test_x: Any
    test_y: NDArray[Any]


def _parted(kind: Kind, x: Any, y: NDArray[Any], seed: int) -> Problem:
    """Three quarters to train on."""
    by = None if kind == "quantity" else y
    parts = train_test_split(x, y, test_size=0.25, random_state=seed, stratify=by)
    x, test_x, y, test_y = parts
    return Problem(kind, x, y, test_x, test_y)


def _bundled(name: str, kind: Kind = "classes") -> Callable[[int], Problem]:
    def drawn(seed: int) -> Problem:
        bunch = getattr(datasets, f"load_{name}")()
        x = bunch.images if name == "digits" else bunch.data
        return _parted(kind, x.astype(np.float32), bunch.target, seed)

    return drawn


def sensors(seed: int) -> Problem:
    """8,000 rows, 20 numbers, 4 classes of three clumps each, 2 % of the labels wrong."""
    x, y = datasets.make_classification(
        n_samples=8_000, n_features=20, n_informative=10, n_redundant=4, n_classes=4,
        n_clusters_per_class=3, flip_y=0.02, random_state=seed,
    )  # fmt: skip
    return _parted("classes", x.astype(np.float32), y, seed)


def deliveries(seed: int) -> Problem:
    """8,000 rows of numbers, three categories and gaps: minutes that depend on them jointly."""
    draw, rows = np.random.default_rng(seed), 8_000
    depot, hour = draw.integers(0, 40, rows), draw.integers(0, 24, rows)
    vehicle = draw.integers(0, 4, rows)
    distance, parcels = draw.gamma(2.0, 6.0, rows), draw.poisson(12, rows)
    rain = np.where(draw.random(rows) < 0.7, 0, draw.exponential(3.0, rows))
    weight = draw.normal(100, 30, rows)
    slow = np.random.default_rng(1).normal(0, 0.35, 40)[depot]
    rush = np.exp(-((hour - 8) ** 2) / 4) + np.exp(-((hour - 17) ** 2) / 6)
    speed = np.array([18, 30, 45, 38])[vehicle] / (1 + 0.8 * rush * (vehicle != 0) + 0.05 * rain)
    minutes = (
        60 * distance / speed * np.exp(slow) + 2.5 * parcels + 8 * (weight > 130) * (vehicle == 0)
    )
    minutes *= np.exp(draw.normal(0, 0.08, rows))
    frame = pd.DataFrame(
        {
            "depot": [f"D{each:02}" for each in depot],
            "vehicle": np.array(["bike", "van", "car", "truck"])[vehicle],
            "day": np.array(["Mon", "Tue", "Wed", "Thu", "Fri"])[draw.integers(0, 5, rows)],
            "hour": hour, "distance": distance, "parcels": parcels, "rain": rain, "weight": weight,
        }
    )  # fmt: skip
    for name in ("rain", "weight"):
        frame.loc[draw.random(rows) < 0.05, name] = np.nan
    return _parted("quantity", frame, minutes, seed)


def rare_digit(seed: int) -> Problem:
    """Noisy digits, of which 2.7 % are the one to be found."""
    draw, bunch = np.random.default_rng(seed), datasets.load_digits()
    x = bunch.data / 16 + draw.normal(0, 0.45, bunch.data.shape)
    others, ours = np.flatnonzero(bunch.target != 8), np.flatnonzero(bunch.target == 8)
    rows = np.concatenate([others, draw.permutation(ours)[: round(0.027 * len(others) / 0.973)]])
    return _parted("rare", x[rows].astype(np.float32), (bunch.target[rows] == 8).astype(int), seed)


FORMS = ("circle", "cross", "ring", "square", "star", "triangle")


def shapes(seed: int) -> Problem:
    """1,600 colour pictures of 32 x 32 pixels: one of six forms somewhere, and two lines."""
    draw = np.random.default_rng(seed)
    y = np.arange(1600) % len(FORMS)
    x = np.stack([_picture(FORMS[each], draw) for each in y])
    return _parted("classes", x, y, seed)


def _picture(form: str, draw: np.random.Generator) -> NDArray[np.uint8]:
    image = Image.new("RGB", (32, 32), _colour(draw, 0, 100))
    pen = ImageDraw.Draw(image)
    for _ in range(2):
        pen.line(list(map(int, draw.integers(0, 32, 4))), _colour(draw, 60, 160), 1)
    radius = draw.uniform(6, 11)
    place, turn = draw.uniform(radius, 31 - radius, 2), draw.uniform(0, 6.28)
    _drawn(pen, form, place, radius, turn, _colour(draw, 140, 256))
    noisy = np.asarray(image) + draw.normal(0, 10, (32, 32, 3))
    return noisy.clip(0, 255).astype(np.uint8)


def _drawn(pen: Any, form: str, place: Any, radius: float, turn: float, colour: Any) -> None:
    box = [*(place - radius), *(place + radius)]
    if form in ("circle", "ring"):
        pen.ellipse(box, colour if form == "circle" else None, colour, 2)
        return
    corners, inner = {
        "triangle": (3, 1.0), "square": (4, 1.0), "star": (10, 0.4), "cross": (8, 0.3)
    }[form]  # fmt: skip
    angles = turn + 2 * np.pi * np.arange(corners) / corners
    lengths = np.where(np.arange(corners) % 2, inner * radius, radius)
    points = place + lengths[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1)
    pen.polygon([tuple(each) for each in points], colour)


def _colour(draw: np.random.Generator, low: int, high: int) -> tuple[int, ...]:
    return tuple(map(int, draw.integers(low, high, 3)))


TASKS: Mapping[str, Callable[[int], Problem]] = {
    "digits": _bundled("digits"),
    "breast cancer": _bundled("breast_cancer"),
    "wine": _bundled("wine"),
    "diabetes": _bundled("diabetes", "quantity"),
    "sensors": sensors,
    "deliveries": deliveries,
    "shapes": shapes,
    "rare digit": rare_digit,
}

OF_IMAGES = ("digits", "shapes")
IN_A_FOLDER = ("shapes",)


def written(problem: Problem, folder: Path) -> tuple[Path, Path]:
    """The pictures as files, those to train on by class; those to test by in their order."""
    for part, x, y in (("train", problem.x, problem.y), ("test", problem.test_x, None)):
        for number, pixels in enumerate(x):
            place = folder / part / (FORMS[y[number]] if y is not None else "all")
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(place / f"{number:05}.png")
    return folder / "train", folder / "test"
