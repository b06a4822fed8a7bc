"""Other seeds give the recorded verdicts. Here one question, twice; all with ``benchmarks/questions.py``."""

import importlib.util
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from unstuck.questions import Evidence, Result

_SPEC = importlib.util.spec_from_file_location(
    "questions_benchmark", Path(__file__).parent.parent / "benchmarks" / "questions.py"
)
benchmark = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(benchmark)


def proof(question, seeds, *verdicts):
    results = tuple(
        Result("it rises", f"number{n}", "at least 1", word, 2.0, (1.5, 2.5))
        for n, word in enumerate(verdicts)
    )
    return Evidence(question, "2026-11-24", tuple(seeds), 4.0, {}, results, {})


@pytest.fixture
def proven(monkeypatch):
    """Stands in for the experiments: q05 comes out otherwise in its second repetition."""

    def proofs_of(questions, seeds):
        for each in questions:
            second = "refuted" if each.name == "q05" and seeds[0] == 1005 else "supported"
            yield proof(each.name, seeds, "supported", second)

    monkeypatch.setattr(benchmark, "proofs_of", proofs_of)
    words = ("supported", "supported")
    return [
        SimpleNamespace(name=name, evidence=proof(name, range(5), *words))
        for name in ("q03", "q05")
    ]


def test_a_real_experiment_is_repeated_with_other_seeds_and_agrees():
    question = benchmark.all_questions()["q13"]
    found = benchmark.measure([question], 2, 10, None)["q13"]
    assert (found["first_seed"], found["repetitions"], found["agree"]) == (10, 2, 2)


def test_a_repetition_agrees_when_every_verdict_is_the_recorded_one(proven):
    found = benchmark.measure(proven, 3, 1000, None)
    assert [found[name]["agree"] for name in ("q03", "q05")] == [3, 2]
    assert found["q05"] == {
        "first_seed": 1000,
        "repetitions": 3,
        "agree": 2,
        "verdicts": {
            "number0": ["supported"] * 3,
            "number1": ["supported", "refuted", "supported"],
        },
    }


def test_questions_that_are_not_asked_stay_in_the_file(proven, tmp_path):
    out = tmp_path / "questions.json"
    benchmark.measure(proven, 1, 1000, out)
    benchmark.measure(proven[:1], 2, 1000, out)
    kept = json.loads(out.read_text())
    assert {name: each["repetitions"] for name, each in kept.items()} == {"q03": 2, "q05": 1}


def test_what_was_made_before_ctrl_c_is_kept(monkeypatch, proven, tmp_path):
    real = benchmark.proofs_of

    def interrupted(questions, seeds):
        for number, each in enumerate(real(questions, seeds)):
            if seeds[0] == 1005 and number == 1:
                raise KeyboardInterrupt
            yield each

    monkeypatch.setattr(benchmark, "proofs_of", interrupted)
    out = tmp_path / "questions.json"
    with pytest.raises(KeyboardInterrupt):
        benchmark.measure(proven, 5, 1000, out)
    kept = json.loads(out.read_text())
    assert {name: each["repetitions"] for name, each in kept.items()} == {"q03": 2, "q05": 1}
