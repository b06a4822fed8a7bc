"""unstuck fails without harm. Here a seeded sample of each kind of fault; all in ``make measure``."""

import importlib.util
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location(
    "faults", Path(__file__).parent.parent / "benchmarks" / "faults.py"
)
faults = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(faults)

SHARES = {"exceptions": 0.04, "checks": 1.0, "writes": 0.2, "kills": 0.02, "names": 0.03}


@pytest.mark.parametrize("group", faults.GROUPS)
def test_nothing_comes_through(group):
    found = faults.GROUPS[group](SHARES[group])
    assert found["tried"] > 0
    assert found["failures"] == []
    assert found["survived"] == found["tried"]
    # What was lost is said: a silent loss would pass for health.
    assert found.get("said", found["tried"]) == found["tried"]


def test_an_exception_that_comes_through_would_be_noticed(monkeypatch):
    from unstuck.observe import guard

    def unfenced(fence, handlers, arguments):
        for _, handler in handlers:
            handler(*arguments)

    monkeypatch.setattr(guard, "each", unfenced)
    monkeypatch.setattr(guard.Guard, "run", lambda fence, name, act, *a: act(*a))
    expected = faults.train()
    with faults._watched() as (session, _):
        at = next(i for i, _ in enumerate(session._handlers["backward"]))
    reached, equal, _ = faults._one_exception(("handler", "backward", at), 0, KeyError, expected)
    assert reached
    assert not equal


def test_hostile_texts_are_at_least_a_hundred():
    assert len(set(faults.PAYLOADS)) >= 100
