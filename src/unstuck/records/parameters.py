"""The family ``parameters``: each parameter of the models that the script trained."""

from typing import TypedDict

from unstuck.records.finding import Place


class Parameter(TypedDict):
    """``model`` is the variable that holds the model; ``name`` begins with it (``net.fc2.weight``).

    ``reached``: a backward pass reached it, or it had a gradient. ``optimized``: some optimizer
    holds it. ``changed``: its values moved between the first and the last look; None when there
    were not two looks. ``fixed_model``: its model runs in eval mode or without gradients as well,
    as a teacher or a feature extractor does. ``kind`` is the class of the layer, or
    ``unregistered`` for a parameter that its model does not know of (a module in a plain list).
    ``own``: the module that holds the layer is of the person's code, not of a library.
    """

    name: str
    model: str
    kind: str
    numel: int
    trainable: bool
    reached: bool
    optimized: bool
    changed: bool | None
    fixed_model: bool
    own: bool
    place: Place | None


Parameters = list[Parameter]
