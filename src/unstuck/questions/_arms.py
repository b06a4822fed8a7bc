"""What the replays of a person's run say, for the sentences of the questions."""

from statistics import fmean
from typing import Any


def compared(facts: Any, name: str, change: str) -> str | None:
    """The scores with one thing changed and without it; None if that was not replayed."""
    arms = {arm["name"]: arm["scores"] for arm in (facts.trials or {}).get("arms", ())}
    before, after = arms.get("unchanged"), arms.get(name)
    if not before or not after:
        return None
    return f"replayed {change}: score {_spread(after)}, as it is {_spread(before)}"


def _spread(scores: list[float]) -> str:
    if len(scores) == 1:
        return f"{scores[0]:.2f} (1 seed)"
    low, high = min(scores), max(scores)
    return f"{fmean(scores):.2f} ({low:.2f} to {high:.2f}, {len(scores)} seeds)"
