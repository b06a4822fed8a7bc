"""MLP wrapped with torch.compile(backend="eager")."""

import argparse
import random

import numpy as np
import torch
from sklearn.datasets import load_iris
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class IrisNet(nn.Module):
    def __init__(self, hidden=16):
        super().__init__()
        self.fc1 = nn.Linear(4, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, 3)

    def forward(self, x):
        x = torch.relu(self.fc1(x))
        x = nn.functional.dropout(x, 0.1, training=self.training)
        return self.out(torch.sigmoid(self.fc2(x)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--out")
    args = parser.parse_args()
    torch.set_num_threads(1)
    random.seed(14)
    np.random.seed(14)
    torch.manual_seed(14)

    x, y = load_iris(return_X_y=True)
    x = torch.tensor((x - x.mean(0)) / x.std(0), dtype=torch.float32)
    y = torch.tensor(y)
    loader = DataLoader(TensorDataset(x, y), batch_size=25, shuffle=True, num_workers=args.workers)
    model = IrisNet()
    compiled = torch.compile(model, backend="eager")
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(compiled.parameters(), lr=0.01)

    losses = []
    for epoch in range(5):
        compiled.train()
        for xb, yb in loader:
            optimizer.zero_grad()
            loss = criterion(compiled(xb), yb)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            print(f"epoch {epoch} loss {loss.item()!r}")

    compiled.eval()
    with torch.no_grad():
        logits = compiled(x)

    from _digest import write_digest

    write_digest(
        args.out,
        models=[model, compiled],
        optimizers=[optimizer],
        losses=losses,
        extra={"logits": logits},
    )


if __name__ == "__main__":
    main()
