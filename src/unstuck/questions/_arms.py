"""What the replays of a person's run say, for the sentences of the questions."""

from collections.abc import Iterator
from statistics import fmean
from typing import Any


def compared(facts: Any, name: str, change: str) -> str | None:
    """The scores with one thing changed and without it; None if that was not replayed."""
    arms = {arm["name"]: arm["scores"] for arm in (facts.trials or {}).get("arms", ())}
    before, after = arms.get("unchanged"), arms.get(name)
    if not before or not after:
        return None
    return f"replayed {change}: score {_spread(after)}, as it is {_spread(before)}"


def measured(facts: Any, name: str) -> dict[str, Any] | None:
    """What a measurement of this name gave; None if it gave nothing."""
    found = (facts.trials or {}).get("measured", {}).get(name)
    return found["numbers"] if found and not found["stopped"] else None


def not_measured(facts: Any, name: str, what: str) -> Iterator[str]:
    """Why there is no measurement, where the run says it."""
    if facts.trials is None:
        yield from not_replayed(facts, what)
        return
    found = facts.trials.get("measured", {}).get(name)
    yield f"{what} not measured: {found['stopped'] if found else 'not within the budget'}"


def not_replayed(facts: Any, what: str) -> Iterator[str]:
    """Why nothing was replayed, where the run says it."""
    if "trials" in facts.missing:
        yield f"{what} not replayed: {facts.missing['trials']}"


def _spread(scores: list[float]) -> str:
    if len(scores) == 1:
        return f"{scores[0]:.2f} (1 seed)"
    low, high = min(scores), max(scores)
    return f"{fmean(scores):.2f} ({low:.2f} to {high:.2f}, {len(scores)} seeds)"
