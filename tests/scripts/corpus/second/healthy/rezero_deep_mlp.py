"""A deep residual MLP with ReZero gates (Bachlechner et al.) and a zero-initialised head."""

import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler


class ReZeroBlock(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.fc = nn.Linear(dim, dim)
        self.gate = nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.gate * torch.relu(self.fc(x))


class DeepNet(nn.Module):
    def __init__(self, n_in: int, dim: int = 32, depth: int = 12):
        super().__init__()
        self.stem = nn.Linear(n_in, dim)
        self.blocks = nn.Sequential(*[ReZeroBlock(dim) for _ in range(depth)])
        self.head = nn.Linear(dim, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.blocks(self.stem(x)))


def main(steps: int = 240, batch: int = 64) -> None:
    torch.manual_seed(33)
    bunch = load_breast_cancer()
    x = torch.tensor(StandardScaler().fit_transform(bunch.data), dtype=torch.float32)
    y = torch.tensor(bunch.target, dtype=torch.float32).unsqueeze(1)
    model = DeepNet(x.shape[1])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.BCEWithLogitsLoss()
    for step in range(1, steps + 1):
        rows = torch.randperm(len(x))[:batch]
        logits = model(x[rows])
        loss = criterion(logits, y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 30 == 0:
            gates = torch.stack([b.gate.detach() for b in model.blocks]).abs().mean()
            acc = ((logits > 0) == (y[rows] > 0.5)).float().mean()
            print(f"step {step}  loss {loss:.4f}  acc {acc:.3f}  mean |gate| {gates:.4f}")


if __name__ == "__main__":
    main()
