"""Images moved a little and mirrored, each by a draw of its own: in training only, as dropout."""

import torch
import torch.nn.functional as F  # noqa: N812 - as everywhere
from torch import Tensor, nn

SHARE = 8
"""A side is moved by an eighth at most: 4 of 32 pixels, as He et al. 2016 did for CIFAR."""


class Augment(nn.Module):
    """(rows, channels, height, width), the same in evaluation mode."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def forward(self, images: Tensor) -> Tensor:
        """Moved, and mirrored if so wished."""
        if not self.training or self.kind == "none":
            return images
        return shifted(mirrored(images) if "flip" in self.kind else images)


def mirrored(images: Tensor) -> Tensor:
    """Every second one, by chance, left to right."""
    chosen = torch.rand(len(images), 1, 1, 1, device=images.device) < 0.5
    return torch.where(chosen, images.flip(3), images)


def shifted(images: Tensor) -> Tensor:
    """Each by its own whole number of pixels; what comes in repeats the border."""
    rows, channels, height, width = images.shape
    down, right = height // SHARE, width // SHARE
    padded = F.pad(images, (right, right, down, down), mode="replicate")

    def places(size: int, most: int) -> Tensor:
        start = torch.randint(2 * most + 1, (rows, 1), device=images.device)
        return start + torch.arange(size, device=images.device)

    which = torch.arange(rows, device=images.device)[:, None, None, None]
    # By number too: else channels come last, and a single one counts as both, which crashes oneDNN's
    # convolutions (torch 2.13) where a layer's channels are no multiple of 8.
    channel = torch.arange(channels, device=images.device)[:, None, None]
    vertical, horizontal = places(height, down), places(width, right)
    moved: Tensor = padded[which, channel, vertical[:, None, :, None], horizontal[:, None, None]]
    return moved
