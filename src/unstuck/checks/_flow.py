"""How gradients and updates run through the layers of a net."""

import math
from collections.abc import Sequence
from itertools import pairwise

from unstuck.records import Facts
from unstuck.records.gradients import GradientLayer, GradientLook
from unstuck.records.series import median


def by_depth(facts: Facts) -> list[tuple[int, GradientLayer]]:
    """The layers that were updated and whose place in the net is known, inputs first."""
    depths = {node["name"]: node["depth"] for node in facts.layers["nodes"]}
    found = [
        (depths[each["name"]], each)
        for each in facts.gradients["layers"]
        if each["name"] in depths and each["looks"]
    ]
    return sorted(found, key=lambda pair: pair[0])


def relative(look: GradientLook) -> float | None:
    """The gradient's size for each unit of weight; None where one of them is zero or not finite."""
    gradient, weight = look["gradient"], look["weight"]
    if not (math.isfinite(gradient) and math.isfinite(weight)) or gradient <= 0 or weight <= 0:
        return None
    return gradient / weight


def relative_gradient(layer: GradientLayer, *, after: int, looks: int = 3) -> float | None:
    """The median over the looks from a step on; None with fewer looks that can be used."""
    values = [relative(look) for look in layer["looks"] if look["step"] >= after]
    kept = [value for value in values if value is not None]
    return median(kept) if len(kept) >= looks else None


def trend(values: Sequence[float]) -> float:
    """Which share of the neighbours rises; by size alone one odd layer would decide."""
    steps = [b > a for a, b in pairwise(values)]
    return sum(steps) / len(steps) if steps else 0.0


def updates(layer: GradientLayer) -> list[tuple[int, float]]:
    """``(step, size of the update relative to the weight)`` where it was seen."""
    return [
        (look["step"], look["update"])
        for look in layer["looks"]
        if look["update"] is not None and math.isfinite(look["update"])
    ]


def gain(layer: GradientLayer) -> float | None:
    """The first weights' standard deviation times the root of the fan-in: 1 keeps the scale."""
    if not layer["looks"] or layer["numel"] <= 0 or layer["fan_in"] <= 0:
        return None
    found = layer["looks"][0]["weight"] / math.sqrt(layer["numel"]) * math.sqrt(layer["fan_in"])
    return found if math.isfinite(found) else None
