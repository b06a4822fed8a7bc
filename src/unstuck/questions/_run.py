"""What several questions say of a person's own run, from its recorded facts."""

import math
from collections.abc import Iterator
from typing import Any

from unstuck.records.series import falling, finite, last_part, median

Rates = list[tuple[int, float]]

CLEARLY = 3.0
"""Standard errors of its slope by which a loss must fall to be called falling."""


def missing(facts: Any, family: str, what: str) -> Iterator[str]:
    """That something was not seen, where the run says why."""
    if family in facts.missing:
        yield f"{what} not recorded: {facts.missing[family]}"


def rates(facts: Any) -> dict[str, Rates]:
    """The learning rates at the looks, by the class of the optimizer."""
    found: dict[str, Rates] = {}
    for each in (facts.gradients or {}).get("rates", ()):
        found.setdefault(each["optimizer"], []).append((each["step"], each["rate"]))
    return found


def rates_in_use(facts: Any) -> Iterator[str]:
    """One sentence an optimizer: which rates it used, and when."""
    seen = rates(facts)
    for name, pairs in seen.items():
        yield f"{name}{_several(facts, name)} ran with {_course(pairs)}"
    for each in facts.optimizers or ():
        if each["name"] not in seen and "lr" in each["settings"]:
            yield f"{each['name']} was built with learning rate {each['settings']['lr']:g}"


def loss_course(facts: Any) -> Iterator[str]:
    """Where the loss began and ended, and whether it still falls."""
    if facts.loss is None:
        yield from missing(facts, "loss", "the loss was")
        return
    pairs, broken = finite(facts.loss["values"]), facts.loss["nonfinite_steps"]
    if broken:
        yield f"the loss was NaN or infinite from step {broken[0]} on" + (
            ", and later finite again" if facts.loss["recovered"] else ""
        )
    if len(pairs) < 2:
        return
    (first, began), (last, _), end = pairs[0], pairs[-1], median(last_part(pairs, 1 / 3))
    course = f"the loss went from {began:.3g} at step {first:.0f} to {end:.3g}"
    course += f" (median of the last third, to step {last:.0f})"
    yield course + (", and still falls" if falling(pairs) > CLEARLY else "")


def _several(facts: Any, name: str) -> str:
    count = sum(each["name"] == name for each in facts.optimizers or ())
    return f" ({count} of them)" if count > 1 else ""


def _course(pairs: Rates) -> str:
    (start, first), (end, last) = pairs[0], pairs[-1]
    values = [rate for _, rate in pairs]
    top = max(pairs, key=lambda pair: pair[1])
    if math.isclose(min(values), max(values), rel_tol=1e-6):
        return f"learning rate {first:g} from step {start} to step {end}"
    text = f"learning rate {first:.3g} at step {start} and {last:.3g} at step {end}"
    return text if top[1] in (first, last) else f"{text}, at most {top[1]:.3g} at step {top[0]}"
