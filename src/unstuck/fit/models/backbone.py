"""A net that was trained elsewhere: by its name in timm, or a folder that ``unstuck fit`` wrote.

Weights come from a local safetensors file or the hub's cache, never over the network; nothing in
them is executed.
"""

import importlib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn

from unstuck.errors import BadData, UsageError
from unstuck.fit import encoders, objects
from unstuck.fit.encoders import Pixels, Shape
from unstuck.fit.folder import RECORD, WEIGHTS
from unstuck.fit.models._headed import Headed
from unstuck.fit.recipe import Recipe, checked

_HINT = "name a net of timm, or a folder that unstuck fit wrote"


def built(recipe: Recipe, shape: Shape, outputs: int) -> nn.Module:
    """The model of a recipe whose backbone is one of timm's, not yet with its weights.

    Raises:
        UsageError: timm is missing, does not know it, or it takes no images of this size.
    """
    assert shape.image is not None, "models.built refuses what are no images"
    body = _timm(recipe.backbone).create_model(recipe.backbone, pretrained=False, num_classes=0)
    return Headed(body, _features(body, recipe.backbone, shape.image), outputs, recipe)


def _features(body: nn.Module, name: str, image: tuple[int, int, int]) -> int:
    """How many it makes of an image; some nets take but one size, and none any."""
    body.eval()
    try:
        with torch.no_grad():
            return int(body(torch.zeros(1, *image)).shape[1])
    except (AssertionError, RuntimeError, ValueError) as error:
        _, height, width = image
        raise UsageError(
            f"{name} takes no images of {width} x {height} pixels", "leave image_size to it"
        ) from error


def values(name: str) -> dict[str, Any]:
    """What a recipe has to say, so that the backbone fits in: its family and sizes.

    Raises:
        BadData: the folder holds no net of images.
        UsageError: timm is missing, or does not know it.
    """
    if not _is_folder(name):
        _timm(name)
        return {"model": "backbone"}
    record, source = _record(name)["recipe"], str(Path(name) / RECORD)
    return {
        each: checked(each, record.get(each), source)
        for each in ("model", "width", "depth", "normalisation")
    }


def pixels(name: str, longest: int = 0) -> Pixels:
    """Which images it wants.

    Raises:
        As ``values``.
    """
    if _is_folder(name):
        channels, height, width = _image(name)
        return Pixels(size=(height, width), channels=channels)
    found = _config(name)
    size = (longest, longest) if longest else tuple(found.input_size[1:])
    center, scale = (tuple(255 * each for each in part) for part in (found.mean, found.std))
    return Pixels(size=size, channels=3, center=center, scale=scale)


def begin(body: nn.Module, name: str, weights: str = "") -> None:
    """Put the weights of the backbone into a body built for it.

    Raises:
        BadData: they are not there, damaged, or of another net.
        UsageError: timm is missing, or does not know it.
    """
    file = _file(name, weights)
    state = {key.removeprefix("body."): each for key, each in _loaded(file).items()}
    expected = body.state_dict()
    missing = [key for key in expected if key not in state]
    other = [key for key in expected if key in state and state[key].shape != expected[key].shape]
    if missing or other:
        key = (missing or other)[0]
        why = "there is no" if missing else "of another size is"
        raise BadData(f"{file}: {why} {key}", "the weights are of another net")
    body.load_state_dict({key: state[key] for key in expected})


def _file(name: str, weights: str) -> Path:
    if weights:
        return Path(weights)
    return Path(name) / WEIGHTS if _is_folder(name) else _cached(name)


def _loaded(file: Path) -> dict[str, Tensor]:
    try:
        return load(file.read_bytes())
    except (OSError, SafetensorError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise BadData(f"cannot read {file}: {why}", "give a safetensors file") from error


def _cached(name: str) -> Path:
    """Where the hub's cache has the weights."""
    from huggingface_hub import try_to_load_from_cache

    where = _config(name).hf_hub_id or f"timm/{name}"
    found = try_to_load_from_cache(where, WEIGHTS)
    if not isinstance(found, str):
        raise BadData(
            f"the weights of {name} are not in the hub's cache",
            f"hf download {where} {WEIGHTS}, or --weights FILE",
        )
    return Path(found)


def _record(name: str) -> Mapping[str, Any]:
    file = Path(name) / RECORD
    try:
        record = objects.read(file)
        recipe = objects.again(dict[str, Any], record["recipe"])
        model, below = recipe["model"], recipe.get("backbone")
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = getattr(error, "strerror", None) or "it is damaged"
        raise BadData(f"cannot read {file}: {why}", _HINT) from error
    if model == "backbone":
        again = f'backbone = "{below}" and weights = "{Path(name) / WEIGHTS}"'
        raise BadData(f"the net in {name} is one of timm's", again)
    if model != "cnn":
        raise BadData(f"the net in {name} cannot be a backbone: it is no cnn", _HINT)
    return record


def _image(name: str) -> tuple[int, int, int]:
    try:
        encoder = encoders.again(_record(name)["encoder"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadData(f"cannot read {Path(name) / RECORD}: it is damaged", _HINT) from error
    if encoder.shape.image is None:
        raise BadData(f"cannot read {Path(name) / RECORD}: it is of no images", _HINT)
    return encoder.shape.image


def _is_folder(name: str) -> bool:
    return "/" in name or "\\" in name or Path(name).is_dir()


def _config(name: str) -> Any:
    """What timm knows of its weights."""
    try:
        return _timm(name).get_pretrained_cfg(name)
    except RuntimeError as error:
        net, _, tag = name.partition(".")
        raise UsageError(f"timm has no weights {tag} of {net}", f"--transfer {net}") from error


def _timm(name: str) -> Any:
    """The library, if it knows the name; not its names with a colon, which reach for the network."""
    if find_spec("timm") is None or find_spec("torchvision") is None:
        raise UsageError(
            f"the backbone {name} needs timm and torchvision",
            "pip install timm, with the torchvision of your torch",
        )
    timm = importlib.import_module("timm")
    if ":" in name or not timm.is_model(name):
        raise UsageError(f"timm has no net {name}", _HINT)
    return timm
