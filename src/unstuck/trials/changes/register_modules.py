"""The change of the same name."""

from collections.abc import Iterator

from torch import nn

from unstuck.trials.changes._parameters import give
from unstuck.trials.replay import NotApplicable, Replay


def register_modules(replay: Replay) -> str:
    """Modules kept in plain lists and dictionaries become parts of the model, and are trained."""
    found = list(_unlisted(replay.model))
    if not found:
        raise NotApplicable("no module is kept in a plain list or dictionary")
    give(replay, [p for _, _, m in found for p in m.parameters()], unless_given=True)
    for parent, name, module in found:
        module.train(parent.training)
        parent.add_module(name, module)
    return f"{len(found)} module{'s' * (len(found) > 1)} of plain lists registered and trained"


def _unlisted(model: nn.Module) -> Iterator[tuple[nn.Module, str, nn.Module]]:
    known = {id(module) for module in model.modules()}
    for parent in list(model.modules()):
        for name, value in vars(parent).items():
            if name.startswith("_") or not isinstance(value, list | tuple | dict):
                continue
            for key, each in value.items() if isinstance(value, dict) else enumerate(value):
                if isinstance(each, nn.Module) and id(each) not in known:
                    known |= {id(module) for module in each.modules()}
                    yield parent, f"{name}_{key}".replace(".", "_"), each
