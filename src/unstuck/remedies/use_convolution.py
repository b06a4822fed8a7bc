"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

use_convolution = Remedy(
    advice=(
        "Begin with convolutions where the inputs are images or signals: they share their weights "
        "over all positions, and need fewer examples."
    ),
    code="""model = torch.nn.Sequential(
    torch.nn.Conv2d(1, 16, 3, padding=1),
    torch.nn.ReLU(),
    torch.nn.Flatten(),
    torch.nn.Linear(16 * height * width, classes),
)""",
    judge=(
        "Another model is no change of this one: train both for as long and compare on "
        "validation data, best also with images shifted by a few pixels."
    ),
)
