"""The change of the same name."""

from torch.nn import functional

from unstuck.trials.changes._rewriting import first, rewrite
from unstuck.trials.changes._structure import Call, Structure, structure_of
from unstuck.trials.replay import NotApplicable, Replay


def insert_nonlinearity(replay: Replay) -> str:
    """ReLU before each layer that receives a linear function of another layer's result."""
    structure = structure_of(replay)
    found = [call for call in structure.layers if _follows_directly(structure, call)]
    if not found:
        raise NotApplicable("no two layers follow each other directly")
    rewrite(replay, structure, [(call, first(functional.relu)) for call in found])
    return f"ReLU after {len(found)} linear layer{'s' * (len(found) > 1)}"


def _follows_directly(structure: Structure, call: Call) -> bool:
    before = _layer_before(structure, call)
    return before is not None and not _is_factored(structure, before, call)


def _layer_before(structure: Structure, call: Call) -> Call | None:
    """The layer whose result comes here straight and goes nowhere else."""
    while len(call.sources) == 1:
        call = structure.calls[call.sources[0]]
        if len(structure.readers[call.number]) > 1:
            return None
        if call.is_affine:
            return call
        pooled = call.name.startswith(("avg_pool", "adaptive_avg_pool")) or call.name == "mean"
        if not (call.is_linear or pooled or call.name == "batch_norm"):
            return None
    return None


def _is_factored(structure: Structure, source: Call, target: Call) -> bool:
    """A pair that is one layer in two parts on purpose, as the check of missing-nonlinearity leaves out."""
    inputs = source.received[1 if source.name.startswith("conv") else -1]
    narrow = source.features < min(inputs, target.features)
    weights = [p for call in (source, target) for p in call.parameters if p.dim() > 1]
    uses = [sum(p is q for call in structure.calls for q in call.parameters) for p in weights]
    grouped = any(_is_grouped(call) for call in (source, target))
    flat = all(
        any(1 == min(p.shape[2:]) < max(p.shape[2:]) for p in weights if p.dim() > 3) for _ in "1"
    )
    return narrow or grouped or (flat and len(weights) == 2) or any(n > 1 for n in uses)


def _is_grouped(call: Call) -> bool:
    if not call.name.startswith("conv") or not call.parameters:
        return False
    weight, inputs = call.parameters[0], call.received[1]
    return weight.shape[0 if "transpose" in call.name else 1] != inputs
