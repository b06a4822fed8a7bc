"""A body that makes features of images, and a linear head; the body may come from another training."""

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from unstuck.fit.models._augment import Augment
from unstuck.fit.recipe import Recipe


class Headed(nn.Module):
    """Logits (rows, outputs) of images.

    A body that is frozen stays in evaluation mode, and its parameters do not train: what BatchNorm
    has counted stays as it is. One that is fine-tuned trains, but for those counts.
    """

    def __init__(self, body: nn.Module, features: int, outputs: int, recipe: Recipe) -> None:
        super().__init__()
        self.transfer = recipe.transfer
        self.augment = Augment(recipe.augment)
        self.body = body
        self.dropout = nn.Dropout(recipe.dropout)
        self.head = nn.Linear(features, outputs)
        nn.init.normal_(self.head.weight, std=features**-0.5)
        nn.init.zeros_(self.head.bias)
        if self.transfer == "frozen":
            body.requires_grad_(False)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (rows, outputs)."""
        logits: Tensor = self.head(self.dropout(self.body(self.augment(images))))
        return logits

    def train(self, mode: bool = True) -> "Headed":
        """As any module, but for what is frozen."""
        super().train(mode)
        if self.transfer == "frozen":
            self.body.eval()
        if self.transfer == "fine-tuned":
            for each in self.body.modules():
                if isinstance(each, _BatchNorm):
                    each.eval()
        return self
