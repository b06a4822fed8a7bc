"""The change of the same name."""

from unstuck.trials.changes._normalising import (
    ENOUGH_FOR_BATCH,
    batch_norm,
    group_norm,
    normalise,
    samples,
    without,
)
from unstuck.trials.changes._structure import structure_of
from unstuck.trials.replay import Replay


def add_normalisation(replay: Replay) -> str:
    """After each hidden layer: of the batch where it is large enough, else within each sample."""
    structure = structure_of(replay)
    layers = without(structure)
    kind = batch_norm if samples(layers) >= ENOUGH_FOR_BATCH else group_norm
    norms = normalise(replay, structure, layers, kind)
    names = " and ".join(sorted({type(norm).__name__ for norm in norms}))
    return f"{names} after {len(norms)} layer{'s' * (len(norms) > 1)}"
