"""MLP on the digits data set with nn.CrossEntropyLoss and Adam."""

import argparse
import random

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--out")
    parser.add_argument("--lr", type=float, default=1e-3)
    return parser.parse_args()


def main():
    args = parse_args()
    torch.set_num_threads(1)
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)

    images, labels = load_digits(return_X_y=True)
    dataset = TensorDataset(
        torch.tensor(images[:640] / 16.0, dtype=torch.float32), torch.tensor(labels[:640])
    )
    loader = DataLoader(dataset, batch_size=64, shuffle=True, num_workers=args.workers)

    model = nn.Sequential(
        nn.Linear(64, 48),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(48, 32),
        nn.ReLU(),
        nn.Linear(32, 10),
    )
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)

    losses = []
    for epoch in range(3):
        model.train()
        for inputs, targets in loader:
            optimizer.zero_grad()
            outputs = model(inputs)
            loss = criterion(outputs, targets)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            print(f"epoch {epoch} step {len(losses)} loss {loss.item()!r}")

    model.eval()
    with torch.no_grad():
        inputs, targets = dataset.tensors
        accuracy = (model(inputs).argmax(dim=1) == targets).float().mean().item()
    print(f"accuracy {accuracy!r}")

    from _digest import write_digest

    write_digest(
        args.out,
        models=[model],
        optimizers=[optimizer],
        losses=losses,
        extra={"accuracy": accuracy},
    )


if __name__ == "__main__":
    main()
