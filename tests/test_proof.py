"""The replays on whole scripts by other hands. Here a few; all with ``benchmarks/proof.py``."""

import importlib
import sys
from pathlib import Path

import pytest

from unstuck.trials import branch

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture(scope="module")
def proof():
    sys.path.insert(0, str(BENCHMARKS))
    try:
        return importlib.import_module("proof")
    finally:
        sys.path.remove(str(BENCHMARKS))


@pytest.mark.skipif(branch.unable() is not None, reason=str(branch.unable()))
@pytest.mark.parametrize(
    ("name", "confirmed"),
    [
        ("loan_table_sgd", ["unscaled-inputs"]),
        ("concrete_regression", ["learning-rate-too-high"]),
        ("concrete_regression-repaired", []),
    ],
)
def test_causes_are_confirmed_and_sound_scripts_left_in_peace(proof, name, confirmed):
    [case] = [each for each in proof.cases("proof") if each["name"] == name]
    row = proof.measured(case)
    assert row["unproven"] is None
    assert row["self_check"]["largest_difference"] == 0.0
    assert row["confirmed"] == confirmed


def test_the_corpus_is_the_one_whose_fingerprint_was_committed_before_it_was_scored(proof):
    committed = (proof.accuracy.CORPUS / "proof.sha256").read_text().strip()
    assert proof.accuracy.fingerprint("proof") == committed


def row(kind, faults=(), named=(), confirmed=(), unproven=None):
    return {
        "kind": kind,
        "name": kind,
        "faults": list(faults),
        "named": list(named),
        "confirmed": list(confirmed),
        "named_without_proof": [],
        "unproven": unproven,
        "seconds": 3.0,
        "proof_seconds": 2.0,
        "remarks": [],
        "self_check": {"largest_difference": 0.0},
    }


def test_the_summary_counts_what_it_says(proof):
    rows = [
        row("faulty", ["a"], ["a"], ["a"]),
        row("faulty", ["learning-rate-too-low"], ["learning-rate-suspect"]),
        row("faulty", ["a"], ["b"], unproven="no"),
        row("twofold", ["a", "b"], ["a", "b"], ["b", "a"]),
        row("twofold", ["a", "b"], ["a"], ["a"]),
        row("shuffled", named=["labels-look-random"], confirmed=["labels-look-random"]),
        row("healthy", named=["a"], confirmed=["a"]),
    ]
    found = proof.summary(rows)
    assert found["replayed"]["hits"] == 6
    assert found["named_first"]["hits"] == 2
    assert found["confirmed"]["hits"] == 1
    assert (found["named_both"]["hits"], found["confirmed_both"]["hits"]) == (1, 1)
    assert found["false_confirmations_all"] | {"wilson": 0} == {"hits": 1, "of": 2, "wilson": 0}
