"""What several checks ask of the places that call a loss function."""

import math

from unstuck.records import Facts
from unstuck.records.loss_calls import LossCall
from unstuck.records.series import finite, last_part, median
from unstuck.records.targets import Target

DISTANCES = (
    "mse_loss",
    "l1_loss",
    "smooth_l1_loss",
    "huber_loss",
    "squared difference",
    "absolute difference",
)
"""Losses that measure how far a number is off, wrapped or written by hand."""

BINARY = ("binary_cross_entropy", "binary_cross_entropy_with_logits")
"""Losses of yes or no, for each output alone."""

_ADAPTIVE = ("Adam", "RMSprop", "Adagrad", "Adadelta", "Adafactor", "Lion", "Rprop", "NAdam")


def call_of(facts: Facts, target: Target) -> LossCall | None:
    """The loss call of these targets; None for losses written by hand."""
    for site in facts.loss_calls or ():
        same = site["function"] == target["function"] and site["place"] == target["place"]
        if same and site["training"]:
            found: LossCall = site
            return found
    return None


def moving(facts: Facts, target: Target) -> bool:
    """Whether a network makes these targets, so that they say nothing of the data."""
    site = call_of(facts, target)
    return target["made"] or (site is not None and site["moving_targets"])


def takes_turns(facts: Facts) -> bool:
    """Whether several optimizers step, as in adversarial training."""
    return len([o for o in facts.optimizers or () if o["steps"]]) > 1


def adaptive(facts: Facts) -> bool:
    """Whether every optimizer that steps scales each parameter's update by its gradients."""
    names = [o["name"] for o in facts.optimizers or () if o["steps"]]
    return bool(names) and all(name.startswith(_ADAPTIVE) or "Adam" in name for name in names)


def learned(facts: Facts) -> float | None:
    """The newest loss as a share of the best constant's, of the line called most; None if unknown."""
    sites = [s for s in facts.loss_calls or () if s["training"] and s["constant"] is not None]
    if not sites:
        return None
    site = max(sites, key=lambda each: each["calls"])
    constant = site["constant"]["loss"]
    values = finite(site["values"])
    if not values or not 0 < constant < math.inf:
        return None
    return float(median(last_part(values, 1 / 3)) / constant)
