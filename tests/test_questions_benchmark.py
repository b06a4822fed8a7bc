"""Other seeds give the same verdicts. Here one question, twice; all with ``benchmarks/questions.py``."""

import importlib.util
import json
from pathlib import Path

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
            second = "refuted" if each.name == "q05" and seeds[0] == 5 else "supported"
            yield proof(each.name, seeds, "supported", second)

    monkeypatch.setattr(benchmark, "proofs_of", proofs_of)
    every = benchmark.all_questions()
    return [every["q03"], every["q05"]]


def test_a_real_experiment_is_repeated_with_other_seeds_and_agrees(tmp_path):
    question = benchmark.all_questions()["q03"]
    found = benchmark.measure([question], 2, None, tmp_path)["q03"]
    assert (found["repetitions"], found["agree"]) == (2, 2)
    assert Evidence.loads((tmp_path / "q03.json").read_bytes()).seeds == (0, 1, 2, 3, 4)


def test_a_repetition_agrees_when_every_verdict_is_that_of_the_first(proven):
    found = benchmark.measure(proven, 3, None, None)
    assert [found[name]["agree"] for name in ("q03", "q05")] == [3, 2]
    assert found["q05"] == {
        "repetitions": 3,
        "agree": 2,
        "seconds": [4.0] * 3,
        "verdicts": {
            "number0": ["supported"] * 3,
            "number1": ["supported", "refuted", "supported"],
        },
    }


def test_questions_that_are_not_asked_stay_in_the_file(proven, tmp_path):
    out = tmp_path / "questions.json"
    benchmark.measure(proven, 1, out, None)
    benchmark.measure(proven[:1], 2, out, None)
    kept = json.loads(out.read_text())
    assert {name: each["repetitions"] for name, each in kept.items()} == {"q03": 2, "q05": 1}


def test_only_the_first_repetition_becomes_the_evidence(proven, tmp_path):
    benchmark.measure(proven, 2, None, tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["q03.json", "q05.json"]
    assert Evidence.loads((tmp_path / "q05.json").read_bytes()).seeds[0] == 0


def test_what_was_made_before_ctrl_c_is_kept(monkeypatch, proven, tmp_path):
    real = benchmark.proofs_of

    def interrupted(questions, seeds):
        for number, each in enumerate(real(questions, seeds)):
            if seeds[0] == 5 and number == 1:
                raise KeyboardInterrupt
            yield each

    monkeypatch.setattr(benchmark, "proofs_of", interrupted)
    out = tmp_path / "questions.json"
    with pytest.raises(KeyboardInterrupt):
        benchmark.measure(proven, 5, out, None)
    kept = json.loads(out.read_text())
    assert {name: each["repetitions"] for name, each in kept.items()} == {"q03": 2, "q05": 1}
