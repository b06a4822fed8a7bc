"""Pretrain a small network on digits 0-4, then adapt it to digits 5-9."""

import torch
import torch.nn as nn
from sklearn.datasets import load_digits


class Backbone(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Linear(64, 64),
            nn.BatchNorm1d(64),
            nn.ReLU(),
            nn.Linear(64, 32),
            nn.ReLU(),
        )
        self.classifier = nn.Linear(32, num_classes)

    def forward(self, x):
        return self.classifier(self.trunk(x))


def split_by_digit():
    x, y = load_digits(return_X_y=True)
    x = torch.tensor(x, dtype=torch.float32) / 16
    y = torch.tensor(y)
    low = y < 5
    return (x[low], y[low]), (x[~low], y[~low] - 5)


def run_phase(tag, model, optimizer, data, steps):
    criterion = nn.CrossEntropyLoss()
    x, y = data
    model.train()
    for step in range(1, steps + 1):
        i = torch.randint(0, len(x), (40,))
        loss = criterion(model(x[i]), y[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 50 == 0:
            print(f"[{tag}] step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    torch.manual_seed(100)
    source, target = split_by_digit()
    model = Backbone(5)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    run_phase("source", model, optimizer, source, 150)

    model.classifier = nn.Linear(32, 5)
    run_phase("target", model, optimizer, target, 250)

    model.eval()
    with torch.no_grad():
        acc = (model(target[0]).argmax(1) == target[1]).float().mean()
    print("target accuracy: %.3f" % acc)
