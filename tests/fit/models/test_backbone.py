"""Nets that were trained elsewhere: where their weights come from, and what is refused."""

import importlib.util
import json

import pytest
import torch
from safetensors.torch import save_file

from unstuck.errors import BadData, UsageError
from unstuck.fit import models
from unstuck.fit.encoders import Pixels, Shape
from unstuck.fit.encoders.images import Images
from unstuck.fit.fitted import Fitted
from unstuck.fit.models import backbone
from unstuck.fit.recipe import Recipe
from unstuck.fit.task import Task

TASK = Task("multi-class", ("a", "b", "c"), "")
RECIPE = Recipe(model="cnn", width=8, depth=1, normalisation="batch")
with_timm = pytest.mark.skipif(
    not (importlib.util.find_spec("timm") and importlib.util.find_spec("torchvision")),
    reason="timm is not installed",
)
without_timm = pytest.mark.skipif(
    importlib.util.find_spec("timm") is not None, reason="timm is installed"
)


@pytest.fixture
def folder(tmp_path):
    """What fit writes; its net has other classes than the task here."""
    encoder = Images(1, 8, 12, (0.0,), (1.0,))
    task = Task("multi-class", tuple(range(7)), "")
    model = models.built(RECIPE, encoder.shape, task)
    Fitted(model, RECIPE, task, encoder, (1.0,) * 7).save(tmp_path / "source")
    return tmp_path / "source"


def body(**values):
    recipe = RECIPE.because(**values)
    return models.built(recipe, Shape(image=(1, 8, 12)), TASK).body


def edited(folder, change):
    file = folder / "model.json"
    record = json.loads(file.read_text())
    change(record)
    file.write_text(json.dumps(record))


def test_a_folder_tells_its_net_and_its_images(folder):
    assert backbone.values(str(folder)) == {
        "model": "cnn", "width": 8, "depth": 1, "normalisation": "batch",
    }  # fmt: skip
    assert models.pixels({"backbone": str(folder)}) == Pixels(size=(8, 12), channels=1)


def test_its_weights_are_put_into_a_body_of_its_shape(folder):
    found = body(seed=5)
    backbone.begin(found, str(folder))
    other = body(seed=0).state_dict()
    assert all(torch.equal(each, other[name]) for name, each in found.state_dict().items())


def test_weights_may_lie_in_a_file_of_their_own(folder, tmp_path):
    found, source = body(seed=5), body(seed=9)
    save_file(source.state_dict(), tmp_path / "w.safetensors")
    backbone.begin(found, str(folder), str(tmp_path / "w.safetensors"))
    assert torch.equal(found[0].weight, source[0].weight)


def test_a_pickle_is_not_opened(folder, tmp_path):
    class Evil:
        def __reduce__(self):
            return (tmp_path / "executed").touch, ()

    torch.save(Evil(), tmp_path / "w.pt")
    with pytest.raises(BadData, match=r"cannot read .*w\.pt"):
        backbone.begin(body(), str(folder), str(tmp_path / "w.pt"))
    assert not (tmp_path / "executed").exists()


def test_weights_of_another_net_are_refused(folder):
    with pytest.raises(BadData, match=r"of another size is 0\.weight"):
        backbone.begin(body(width=16), str(folder))
    with pytest.raises(BadData, match=r"there is no 5\.branch"):
        backbone.begin(body(depth=2), str(folder))


def change_recipe(**values):
    return lambda record: record["recipe"].update(values)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda record: record.pop("encoder"), "damaged"),
        (lambda record: record.pop("recipe"), "damaged"),
        (lambda record: record["encoder"].pop("height"), "damaged"),
        (lambda record: record["encoder"].update(height="high"), "damaged"),
        (change_recipe(width="wide"), "width = 'wide' is no whole number"),
        (change_recipe(width=10**9), "width = 1000000000 lies outside"),
        (change_recipe(normalisation="odd"), "there is no normalisation 'odd'"),
        (change_recipe(model="mlp"), "cannot be a backbone: it is no cnn"),
        (change_recipe(model="os:system"), "cannot be a backbone"),
        (change_recipe(model="backbone", backbone="resnet18"), "is one of timm's"),
    ],
)
def test_a_damaged_folder_is_refused(folder, change, message):
    edited(folder, change)
    with pytest.raises(BadData, match=message):
        backbone.values(str(folder)), backbone.pixels(str(folder))


@pytest.mark.parametrize("text", ["", "[]", "{", "3", "null"])
def test_a_record_that_is_none_is_refused(folder, text):
    (folder / "model.json").write_text(text)
    with pytest.raises(BadData, match=r"cannot read .*model.json"):
        backbone.values(str(folder))


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadData, match="No such file"):
        backbone.values(str(tmp_path / "nowhere"))


@pytest.mark.parametrize("content", [None, b"", b"garbage" * 9])
def test_damaged_weights_are_refused(folder, content):
    file = folder / "model.safetensors"
    file.unlink() if content is None else file.write_bytes(content)
    with pytest.raises(BadData, match="cannot read"):
        backbone.begin(body(), str(folder))


@without_timm
def test_without_timm_one_line_says_what_to_install():
    with pytest.raises(UsageError, match="resnet18 needs timm") as refused:
        backbone.values("resnet18")
    assert "pip install timm" in refused.value.hint


@with_timm
@pytest.mark.filterwarnings("default")
def test_a_net_of_timm_takes_weights_from_a_file_and_keeps_its_head_out(tmp_path):
    import timm

    source = timm.create_model("resnet18", pretrained=False, num_classes=5)
    save_file(source.state_dict(), tmp_path / "w.safetensors")
    recipe = Recipe(model="backbone", backbone="resnet18", transfer="frozen")
    model = models.built(recipe, Shape(image=(3, 64, 64)), TASK)
    backbone.begin(model.body, "resnet18", str(tmp_path / "w.safetensors"))
    assert torch.equal(model.body.conv1.weight, source.conv1.weight)
    assert model(torch.zeros(2, 3, 64, 64)).shape == (2, 3)


@with_timm
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", ["nonsense", "hf-hub:timm", "local-dir:x"])
def test_a_name_that_timm_does_not_know_or_that_reaches_further_is_refused(name):
    with pytest.raises(UsageError, match="timm has no net"):
        backbone.values(name)


@with_timm
@pytest.mark.filterwarnings("default")
def test_weights_that_timm_does_not_know_are_refused():
    with pytest.raises(UsageError, match="timm has no weights nope of resnet18"):
        backbone.pixels("resnet18.nope")


@with_timm
@pytest.mark.filterwarnings("default")
def test_a_size_that_a_net_does_not_take_is_refused():
    recipe = Recipe(model="backbone", backbone="vit_tiny_patch16_224", transfer="frozen")
    with pytest.raises(UsageError, match="vit_tiny_patch16_224 takes no images of 64 x 64 pixels"):
        models.built(recipe, Shape(image=(3, 64, 64)), TASK)


@with_timm
@pytest.mark.filterwarnings("default")
def test_weights_that_are_not_in_the_cache_are_not_fetched(monkeypatch):
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *_: None)
    with pytest.raises(BadData, match="not in the hub's cache"):
        backbone.begin(torch.nn.Identity(), "resnet18")
