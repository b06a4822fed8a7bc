"""What a model's folder holds, and that it gives back what the training had."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from unstuck.errors import BadData
from unstuck.fit import fitted as module
from unstuck.fit import report
from unstuck.fit.encoders import Shape
from unstuck.fit.examples import Arrays, Examples
from unstuck.fit.fitted import load_fitted
from unstuck.fit.fitting import How, fit, prepared
from unstuck.fit.readers import Wish, read
from unstuck.records import Finding

HAND = {"learning_rate": 0.01, "epochs": 4, "model": "mlp"}
PAYLOAD = '</script><img src=x onerror="alert(1)">|`*_[a](b)\x1b[31m\u202e'


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "digits-model"
    model = fit(read("digits", Wish()), hand=HAND, how=How())
    model.save(folder)
    return folder, model


AGAIN = """
import json, sys
from pathlib import Path
import unstuck
from unstuck.fit.fitting import prepared
from unstuck.fit.readers import Wish, read
from unstuck.records import Finding
model = unstuck.load(sys.argv[1])
ready = prepared(read("digits", Wish()))
rows = ready.split.test
outputs = model.fitted_.outputs(ready.examples.inputs, rows)
print(json.dumps(model.fitted_.judged(outputs, ready.targets[rows])))
print(json.dumps(model.score(ready.examples.inputs.values[rows], ready.examples.targets[rows])))
"""


def test_another_process_gives_the_metrics_of_the_training_to_the_last_digit(digits):
    folder, model = digits
    done = subprocess.run(
        [sys.executable, "-c", AGAIN, folder], capture_output=True, text=True, check=True
    )
    metrics, score = map(json.loads, done.stdout.splitlines())
    assert metrics == model.metrics == json.loads((folder / "model.json").read_text())["metrics"]
    assert score == pytest.approx(metrics["accuracy"])


def test_the_folder_holds_the_model_its_report_and_its_card(digits):
    folder, _ = digits
    names = {path.name for path in folder.iterdir()}
    assert names == {"model.safetensors", "model.json", "report.html", "README.md"}


def test_the_record_says_recipe_classes_preprocessing_metrics_and_versions(digits):
    record = json.loads((digits[0] / "model.json").read_text())
    assert record["task"]["names"] == list(range(10))
    assert record["recipe"]["reasons"]["model"]
    assert len(record["encoder"]["center"]) == 64
    assert {"unstuck", "torch", "Python", "numpy"} == set(record["versions"])
    assert record["about"]["rows"] == [1257, 270, 270]


def test_the_report_shows_findings_metrics_reasons_and_the_diagram(digits):
    page = (digits[0] / "report.html").read_text()
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    for part in (
        "unstuck fit digits",
        "Nothing found",
        "How it was made, and why",
        "The training in numbers",
    ):
        assert part in text
    assert f"accuracy {digits[1].metrics['accuracy']:.3f}" in text
    assert "Probabilities given to the likeliest class" in text
    assert page.count("<svg") >= 2
    assert "<script" not in page


def test_the_report_begins_with_how_good_the_model_is_whatever_was_found(digits):
    fitted = digits[1]
    found = [
        Finding("the best epoch is long ago", check="overfitting", severity="warning"),
        Finding("units are dead", check="dead-units", severity="warning"),
    ]
    fitted = replace(fitted, run=replace(fitted.run, findings=tuple(found)))
    page = report.page_of(fitted)
    title = re.search(r"<h1[^>]*>\s*(.*?)\s*</h1>", page, re.DOTALL)[1]
    accuracy, linear = fitted.metrics["accuracy"], fitted.about["linear"]["accuracy"]
    assert title == (
        f"Accuracy {accuracy:.3f}, the linear model {linear:.3f}, on 270 rows that nothing was chosen by"
    )
    assert "units are dead" in page
    assert "long ago" not in page  # the weights of the best epoch are back


def test_the_card_says_how_good_it_is_and_how_to_use_it(digits):
    card = (digits[0] / "README.md").read_text()
    assert card.startswith("---\nlibrary_name: unstuck\n")
    assert f"| accuracy | {digits[1].metrics['accuracy']:.4f} |" in card
    assert "unstuck predict THIS_FOLDER DATA" in card
    assert "| learning\\_rate | 0.01 |" in card


def test_names_of_classes_become_neither_html_nor_markdown(tmp_path):
    draw = np.random.default_rng(0)
    inputs = draw.normal(size=(60, 3))
    targets = np.where(inputs[:, 0] > 0, PAYLOAD, "other")
    hand = {**HAND, "model": "linear"}
    model = fit(Examples(Arrays(inputs), PAYLOAD, targets), hand=hand)
    model.save(tmp_path / "m")
    page, card = ((tmp_path / "m" / name).read_text() for name in ("report.html", "README.md"))
    assert "<img" not in page
    assert re.search(r"(?<!\\)<img", card) is None
    assert "\x1b" not in page + card
    assert "\u202e" not in page + card
    assert load_fitted(tmp_path / "m").task.names == model.task.names


def test_a_save_that_is_cut_short_leaves_no_folder_that_looks_whole(digits, tmp_path, monkeypatch):
    folder, model = digits
    shutil.copytree(folder, tmp_path / "m")
    write, written = module.files.write_text, []

    def cut(path, text):
        if written:
            raise KeyboardInterrupt
        written.append(path)
        write(path, text)

    monkeypatch.setattr(module.files, "write_text", cut)
    with pytest.raises(KeyboardInterrupt):
        model.save(tmp_path / "m")
    with pytest.raises(BadData, match="No such file"):
        load_fitted(tmp_path / "m")
    assert not list((tmp_path / "m").glob(".*"))


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: (folder / "model.json").write_text("{"),
        lambda folder: (folder / "model.json").write_text("[]"),
        lambda folder: (folder / "model.json").write_text('{"recipe": {"model": "linear"}}'),
        lambda folder: (folder / "model.safetensors").write_bytes(b"PK\x03\x04"),
        lambda folder: (folder / "model.safetensors").write_bytes(b""),
        lambda folder: (folder / "model.safetensors").unlink(),
    ],
)
def test_a_damaged_folder_is_said_in_one_line(digits, tmp_path, harm):
    shutil.copytree(digits[0], tmp_path / "m")
    harm(tmp_path / "m")
    with pytest.raises(BadData) as caught:
        load_fitted(tmp_path / "m")
    assert str(tmp_path / "m") in caught.value.message
    assert "\n" not in caught.value.message


def test_rows_that_were_held_out_are_the_same_in_every_process(digits):
    first, second = (prepared(read("digits", Wish())).split for _ in range(2))
    assert (first.test == second.test).all()
    assert not set(first.test) & set(first.rest)


def test_of_large_images_fewer_are_predicted_together():
    assert Shape(image=(3, 64, 64)).at_once(1024) == 1024
    assert Shape(image=(3, 224, 224)).at_once(1024) == 111
    assert Shape(image=(3, 9000, 9000)).at_once(1024) == 1
    assert Shape(numbers=10**6).at_once(1024) == 1024


def test_how_many_are_predicted_together_changes_nothing(digits, monkeypatch):
    inputs, (_, model) = read("digits", Wish()).inputs, digits
    whole, asked = model.outputs(inputs), []
    monkeypatch.setattr(Shape, "at_once", lambda self, most: asked.append(most) or 100)
    assert torch.allclose(model.outputs(inputs), whole, atol=1e-5)
    assert asked == [module.AT_ONCE]
