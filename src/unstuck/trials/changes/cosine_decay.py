"""The experiment of the same name: one of the usual ways of setting the rate."""

import math

from unstuck.trials.changes._rates import follow
from unstuck.trials.replay import Replay


def cosine_decay(replay: Replay) -> str:
    """The learning rate falls like half a cosine, to 0 at the last update of the replay."""
    rate = follow(replay, lambda done: 0.5 * (1 + math.cos(math.pi * done)))
    return f"cosine from rate {rate:.3g} to 0"
