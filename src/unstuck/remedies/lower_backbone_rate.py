"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

lower_backbone_rate = Remedy(
    advice="Train the pre-trained part at a tenth of the rate of the new last layer.",
    code="""optimizer = torch.optim.Adam(
    [
        {"params": model.backbone.parameters(), "lr": 1e-4},
        {"params": model.head.parameters(), "lr": 1e-3},
    ]
)""",
)
