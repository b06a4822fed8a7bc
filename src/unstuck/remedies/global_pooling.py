"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

global_pooling = Remedy(
    advice=(
        "Pool over all positions before the last layer instead of flattening: what is recognised "
        "then no longer depends on where it is. Not where the position is the answer."
    ),
    code="""features = body(images).amax((2, 3))  # (N, channels), instead of .flatten(1)
logits = torch.nn.Linear(channels, classes)(features)""",
    judge=(
        "The last layer needs another shape, which is another model: train both for as long "
        "and compare on validation images shifted by a few pixels."
    ),
)
