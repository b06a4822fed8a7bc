import json
import math
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from unstuck.records import Run
from unstuck.report import as_json

from .sample import CURED, HOSTILE, LEFT_OUT, STUCK, hostile, run

DOCUMENT = Path(__file__).parents[2] / "docs" / "json.md"


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_survives_as_json(text):
    made = as_json(hostile(text))
    made.encode("ascii")
    assert Run.loads(made).findings[0].message == text


def test_numbers_that_are_not_finite_are_still_json():
    made = as_json(run(replace(STUCK, evidence={"loss": math.nan})))
    strict = json.loads(made, parse_constant=lambda name: pytest.fail(name))
    assert strict["findings"][0]["evidence"]["loss"] == {"$float": "nan"}


def keys(value):
    """The keys of an object and of the objects in it, but not of free mappings."""
    if isinstance(value, list):
        return {key for item in value for key in keys(item)}
    if not isinstance(value, dict):
        return set()
    free = {"evidence", "versions", "cost", "not_checked"}
    inside = {key for name, item in value.items() if name not in free for key in keys(item)}
    return set(value) | inside


def test_the_document_names_every_field_and_no_other():
    made = keys(json.loads(as_json(run(LEFT_OUT, CURED))))
    named = set(re.findall(r"^\| `(\w+)` \|", DOCUMENT.read_text(), re.MULTILINE))
    assert named == made


def test_the_example_of_the_document_is_a_run():
    [example] = re.findall(r"```json\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert keys(json.loads(example)) == keys(json.loads(as_json(run(LEFT_OUT, CURED))))
    assert json.loads(as_json(Run.loads(example))) == json.loads(example)


def test_importing_the_reports_loads_nothing_heavy():
    source = str(Path(__file__).parents[2] / "src")
    code = (
        f"import sys; sys.path.insert(0, {source!r}); import unstuck.report; "
        "print({'rich', 'jinja2', 'altair', 'vl_convert', 'torch', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
