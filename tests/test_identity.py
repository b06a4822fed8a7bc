"""Under ``unstuck run`` a script computes the same bits. Here a seeded sample; all in ``make measure``."""

import importlib.util
import random
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location(
    "identity", Path(__file__).parent.parent / "benchmarks" / "identity.py"
)
identity = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(identity)

# Those that broke something once, and five others.
_ALWAYS = ["torch_function_mode", "save_checkpoints", "transformer_encoder_eval"]
_SAMPLE = sorted({*_ALWAYS, *random.Random(20261123).sample(identity.names(), 5)})


@pytest.mark.parametrize("script", _SAMPLE)
def test_same_bits_output_and_exit_code(script):
    row = identity.compare(script, workers=0)
    assert row["equal"], (row["different"], row["stderr"])
    # functional_call uses torch.func.grad: no backward pass and no optimizer, so no step to count.
    assert row["steps"] >= 20 or script == "functional_call"
    assert not row["lost"]


def test_same_bits_with_loader_workers():
    row = identity.compare("mlp_cross_entropy", workers=2)
    assert row["equal"], (row["different"], row["stderr"])


def test_a_changed_run_would_be_noticed(monkeypatch):
    real = identity.outcome

    def tampered(script, workers, prefix):
        outcome = real(script, workers, [])
        if prefix:
            outcome["digest"]["losses"] = ["0x1.0p+0"]
        return outcome

    monkeypatch.setattr(identity, "outcome", tampered)
    assert identity.compare("manual_update", workers=0)["different"] == ["digest"]
