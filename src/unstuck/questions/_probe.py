"""What a linear model reaches on a person's data, held against their network."""

from collections.abc import Iterator
from typing import Any

from unstuck.questions._arms import measured, not_measured


def on(facts: Any) -> Iterator[str]:
    """Both on the rows that were trained on and on others, and whether the difference is one."""
    numbers = measured(facts, "linear-probe")
    if numbers is None:
        yield from not_measured(facts, "linear-probe", "a linear model was")
        return
    trained, held = numbers["training"], numbers.get("held_out")
    steps = facts.trials["steps"]
    yield f"{_reached(trained)} after {steps} steps, on {trained['rows']} rows that both were trained on"
    if trained["rows"] <= numbers["inputs"]:
        yield (
            f"with {numbers['inputs']} inputs and {trained['rows']} rows a linear model can fit "
            "anything: these rows say nothing"
        )
    if held:
        yield f"{_reached(held)} on {held['rows']} rows that neither was trained on ({held['on']})"
    if held or trained["rows"] > numbers["inputs"]:
        yield _verdict(held or trained)
    if not numbers["settled"]:
        yield "the linear model was not fitted to its end: with more time it reaches more"


def _reached(found: Any) -> str:
    return (
        f"a linear model reaches {found['measure']} {found['linear']:.3f} of your net's "
        f"{found['net']:.3f}"
    )


def _verdict(found: Any) -> str:
    ahead, error = found["ahead"], 2 * found["error"]
    said = f"{abs(ahead):.3f} +- {error:.3f}"
    if ahead > error:
        return f"your net is ahead by {said}: the data ask for more than a linear model"
    if ahead < -error:
        return f"your net is behind by {said}: it is not yet as good as a linear model"
    return f"the difference, {said}, is within what {found['rows']} rows can tell: linear is enough so far"
