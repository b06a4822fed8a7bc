"""Damaged and forged files are refused or work. Here some hundreds; many with ``benchmarks/loading.py``."""

import importlib.util
import json
import struct
import sys
import time
from pathlib import Path

import pytest
import torch

from unstuck.errors import BadData
from unstuck.fit.fitted import load_fitted

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "loading.py"
_SPEC = importlib.util.spec_from_file_location("loading_benchmark", BENCHMARK)
benchmark = importlib.util.module_from_spec(_SPEC)
sys.modules["loading_benchmark"] = benchmark  # a dataclass looks for its module
_SPEC.loader.exec_module(benchmark)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("loading") / "numbers"
    benchmark.model_of(benchmark.examples()["numbers"]).save(folder)
    return folder


@pytest.fixture
def folder(written, tmp_path):
    for each in ("model.json", "model.safetensors"):
        (tmp_path / each).write_bytes((written / each).read_bytes())
    return tmp_path


def changed(folder, **values):
    file = folder / "model.json"
    record = json.loads(file.read_text())
    for path, value in values.items():
        *parts, last = path.split("__")
        holder = record
        for part in parts:
            holder = holder[part]
        holder[last] = value
    file.write_text(json.dumps(record))


@pytest.mark.filterwarnings("ignore")  # of numbers that overflow when they are used
def test_whatever_is_damaged_or_forged_is_refused_or_works():
    found = benchmark.measure(300, 0, seed=7)
    assert found["faults"] == 0, found["examples"]
    assert found["outcomes"]["refused"] > found["outcomes"]["works"] > 0
    assert len(found["ways"]) > 40


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize(
    "sizes",
    [
        {"recipe__width": 65536, "recipe__depth": 1000},
        {"recipe__width": 65536, "recipe__model": "cnn"},
        {"encoder": {"kind": "images", "channels": 3, "height": 65536, "width": 65536,
                     "center": [0] * 3, "scale": [1] * 3}, "recipe__width": 65536},
        {"task__names": ["x" * 10] * 100_000, "task__center": [0] * 100_000,
         "task__scale": [1] * 100_000},
    ],
)  # fmt: skip
def test_a_record_of_enormous_sizes_takes_neither_time_nor_memory(folder, sizes):
    changed(folder, **sizes)
    before, begun = benchmark._peak(), time.process_time()
    with pytest.raises(BadData):
        load_fitted(folder)
    assert time.process_time() - begun < 5  # a second; not all machines are alike
    assert benchmark._peak() - before < 2**26


@pytest.mark.parametrize("size", [2**63, 10**8, 2**40])
def test_a_header_that_lies_about_its_size_is_refused(folder, size):
    file = folder / "model.safetensors"
    file.write_bytes(struct.pack("<Q", size) + file.read_bytes()[8:])
    with pytest.raises(BadData, match="cannot read the model"):
        load_fitted(folder)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"recipe": []}, "list where dict"),
        ({"recipe__width": "8"}, "is no whole number"),
        ({"recipe__reasons": {"width": 3}}, "int where str"),
        ({"encoder__center": [1.0]}, "standardised"),
        ({"encoder__scale": [0, 1, 1, 1]}, "standardised"),
        ({"encoder__missing": [9]}, "standardised"),
        ({"encoder__low": [10**400] * 4}, "too large"),
        ({"encoder__low": [float("nan")] * 4}, "nan where a number"),
        ({"encoder__kind": "os"}, "no encoder"),
        ({"task__kind": "other"}, "other|tuple"),
        ({"task__names": []}, "standardised"),
        ({"thresholds": [0.5]}, "thresholds"),
        ({"offset": [0.5, 0.5]}, "offsets"),
        ({"encoder": []}, "list where dict"),
        ({"recipe__clip_norm": 10**400}, "lies outside"),
        ({"about": None}, "NoneType where dict"),
        ({"about__rows": "x"}, "str where list"),
        ({"about__headline": 3}, "int where str"),
    ],
)
def test_what_is_of_another_type_or_does_not_go_together_is_refused(folder, values, message):
    changed(folder, **values)
    with pytest.raises(BadData, match=message) as refused:
        load_fitted(folder)
    assert "\n" not in refused.value.message


def test_a_deep_record_is_refused(folder):
    (folder / "model.json").write_text("[" * 100_000 + "]" * 100_000)
    with pytest.raises(BadData, match="brackets"):
        load_fitted(folder)


def test_weights_of_another_type_are_refused(folder):
    from safetensors.torch import load_file, save_file

    state = load_file(folder / "model.safetensors")
    first = min(state)
    save_file(state | {first: state[first].double()}, folder / "model.safetensors")
    with pytest.raises(BadData, match=f"do not fit: {first}"):
        load_fitted(folder)


def test_what_is_loaded_does_not_change_when_the_file_does(folder):
    """The file is mapped while it is read, and only then."""
    model = load_fitted(folder).model
    before = {name: each.clone() for name, each in model.state_dict().items()}
    file = folder / "model.safetensors"
    file.write_bytes(bytes(file.stat().st_size))
    assert all(torch.equal(before[name], each) for name, each in model.state_dict().items())
