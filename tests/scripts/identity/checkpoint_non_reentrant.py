"""Small CNN with non-reentrant activation checkpointing and dropout inside the segments."""

import argparse
import random

import numpy as np
import torch
import torch.utils.checkpoint as cp
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--workers", type=int, default=0)
parser.add_argument("--out")
parser.add_argument("--no-checkpointing", action="store_true")
args = parser.parse_args()

torch.set_num_threads(1)
random.seed(13)
np.random.seed(13)
torch.manual_seed(13)


def conv_block(in_channels, out_channels):
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False),
        nn.GroupNorm(2, out_channels),
        nn.ReLU(inplace=True),
        nn.Dropout2d(0.1),
    )


class CheckpointedCNN(nn.Module):
    def __init__(self, checkpointing=True):
        super().__init__()
        self.checkpointing = checkpointing
        self.block1 = conv_block(1, 8)
        self.block2 = conv_block(8, 12)
        self.block3 = conv_block(12, 12)
        self.classifier = nn.Linear(12, 10)

    def run_block(self, block, x):
        if self.checkpointing and self.training:
            return cp.checkpoint(block, x, use_reentrant=False)
        return block(x)

    def forward(self, x):
        x = self.run_block(self.block1, x)
        x = self.run_block(self.block2, nn.functional.avg_pool2d(x, 2))
        x = self.run_block(self.block3, x)
        return self.classifier(x.mean(dim=(2, 3)))


digits = load_digits()
data = TensorDataset(
    torch.tensor(digits.images[:300, None] / 16, dtype=torch.float32),
    torch.tensor(digits.target[:300]),
)
loader = DataLoader(data, batch_size=30, shuffle=True, num_workers=args.workers)
model = CheckpointedCNN(checkpointing=not args.no_checkpointing)
optimizer = torch.optim.NAdam(model.parameters(), lr=5e-3)
criterion = nn.CrossEntropyLoss()

step_losses = []
for epoch in range(3):
    for images, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        step_losses.append(loss.detach())
        print(f"epoch={epoch} loss={loss.item()!r}")

if args.out:
    from _digest import write_digest

    write_digest(args.out, models=[model], optimizers=[optimizer], losses=step_losses)
