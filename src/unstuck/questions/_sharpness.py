"""The sharpness of a person's loss, held against the learning rate in use."""

from collections.abc import Iterator
from typing import Any

from unstuck.questions._arms import measured, not_measured

BLOWS_UP = 2.0
"""Times the limit: at its start a net may survive one to three of them (``q09``)."""

ROOM = 0.005
"""Of the limit: a rate ten times as high is far from it too."""


def on(facts: Any) -> Iterator[str]:
    """Rate times sharpness at some steps, and what follows for the rate."""
    numbers = measured(facts, "sharpness")
    if numbers is None:
        yield from not_measured(facts, "sharpness", "the sharpness was")
        return
    looks = numbers["looks"]
    if not looks:
        yield "the sharpness was not measured: the loss was not finite"
        return
    yield from (_look(look, numbers) for look in looks)
    yield f"the limit {numbers['limit']:.3g} holds for {_rule(numbers)} on a quadratic and whole data"
    yield from _advice(looks, numbers)


def _look(look: Any, numbers: Any) -> str:
    adam = numbers["optimizer"] != "SGD"
    name = "preconditioned sharpness" if adam else "sharpness"
    least = "" if look["settled"] else "at least "
    said = f"{name} {least}{look['sharpness']:.3g} on the batch of step {look['step']}"
    product, limit = _product(look), numbers["limit"]
    if look["sharpness"] <= 0:
        return f"{said}: the loss curves upwards in no direction there"
    if not look["rate"]:
        return f"{said}, where the rate is still 0"
    where = "below" if product < limit else "above"
    return (
        f"{said}: rate {look['rate']:.3g} x sharpness = {least}{product:.3g}, {where} {limit:.3g}"
    )


def _rule(numbers: Any) -> str:
    momentum = numbers["momentum"]
    if numbers["optimizer"] != "SGD":
        return f"{numbers['optimizer']} with beta1 {momentum:g}"
    return f"gradient descent with momentum {momentum:g}" if momentum else "plain gradient descent"


def _advice(looks: Any, numbers: Any) -> Iterator[str]:
    """What the largest product says: roughly, as the sharpness is one batch's and changes."""
    limit = numbers["limit"]
    top = max(looks, key=_product)
    share = _product(top) / limit
    if share > BLOWS_UP:
        yield "more than twice the limit: likely to blow up, unless the curvature falls in time"
    elif share > 1:
        yield "above the limit: that direction grows until the curvature falls; nets often survive it"
    elif 0 < share < ROOM:
        yield "far below the limit: as far as the curvature goes there is room for a rate 10 times as high"
    if top["sharpness"] > 0:
        rate = limit / max(look["sharpness"] for look in looks)
        yield (
            f"the sharpest of these batches meets its limit at rate {rate:.2g}; others differ, "
            "and small batches need less"
        )


def _product(look: Any) -> float:
    return float(look["rate"] * look["sharpness"])
