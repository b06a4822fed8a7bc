"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

add_group_norm = Remedy(
    advice=(
        "Use GroupNorm (or LayerNorm), which computes its statistics within one sample and "
        "does not depend on the batch."
    ),
    code="""torch.nn.GroupNorm(num_groups=8, num_channels=64)  # instead of BatchNorm2d(64)""",
)
