"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

give_parameters_to_optimizer = Remedy(
    advice=(
        "Build the optimizer after the model is complete and give it all trainable parameters; "
        "keep submodules in nn.ModuleList or nn.ModuleDict, because parameters() does not look "
        "into plain lists. What shall stay fixed gets requires_grad_(False)."
    ),
    code="""optimizer = torch.optim.Adam(p for p in model.parameters() if p.requires_grad)""",
)
