"""The change of the same name."""

from unstuck.trials.changes._normalising import (
    group_norm,
    normalise,
    replace_batch_norm,
    without,
)
from unstuck.trials.changes._structure import structure_of
from unstuck.trials.replay import Replay


def add_group_norm(replay: Replay) -> str:
    """Instead of batch normalisation; where there is none, after each hidden layer."""
    structure = structure_of(replay)
    replaced = replace_batch_norm(replay, structure)
    if replaced:
        return (
            f"group normalisation instead of {replaced} batch normalisation{'s' * (replaced > 1)}"
        )
    norms = normalise(replay, structure, without(structure), group_norm)
    names = " and ".join(sorted({type(norm).__name__ for norm in norms}))
    return f"{names} after {len(norms)} layer{'s' * (len(norms) > 1)}"
