"""Save the pickled model and the state dicts in the middle and at the end, then reload them."""

import argparse
import random
import tempfile
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_wine
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class WineNet(nn.Module):
    def __init__(self, hidden=20):
        super().__init__()
        self.norm = nn.BatchNorm1d(13)
        self.fc1 = nn.Linear(13, hidden)
        self.act = nn.PReLU()
        self.drop = nn.Dropout(0.2)
        self.fc2 = nn.Linear(hidden, 3)
        self.criterion = nn.CrossEntropyLoss()

    def forward(self, x):
        return self.fc2(self.drop(self.act(self.fc1(self.norm(x)))))

    def loss(self, x, y):
        return self.criterion(self(x), y)


def save_all(folder, tag, model, optimizer, epoch):
    torch.save(model, folder / f"model_{tag}.pt")
    torch.save(model.state_dict(), folder / f"weights_{tag}.pt")
    torch.save(
        {
            "epoch": epoch,
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "rng": torch.get_rng_state(),
        },
        folder / f"checkpoint_{tag}.pt",
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--out")
    args = parser.parse_args()
    torch.set_num_threads(1)
    random.seed(25)
    np.random.seed(25)
    torch.manual_seed(25)

    wine = load_wine()
    dataset = TensorDataset(torch.tensor(wine.data, dtype=torch.float32), torch.tensor(wine.target))
    loader = DataLoader(dataset, batch_size=32, shuffle=True, num_workers=args.workers)
    model = WineNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for epoch in range(5):
            model.train()
            for x, y in loader:
                optimizer.zero_grad()
                loss = model.loss(x, y)
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
                print(f"epoch {epoch} loss {loss.item()!r}")
            if epoch == 2:
                save_all(folder, "middle", model, optimizer, epoch)
                # continue from the file, as a restarted run would
                checkpoint = torch.load(folder / "checkpoint_middle.pt", weights_only=True)
                model = WineNet()
                model.load_state_dict(checkpoint["model"])
                optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
                optimizer.load_state_dict(checkpoint["optimizer"])
                torch.set_rng_state(checkpoint["rng"])
        save_all(folder, "final", model, optimizer, epoch)
        files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
        reloaded = torch.load(folder / "model_final.pt", weights_only=False).eval()

    with torch.no_grad():
        logits = reloaded(dataset.tensors[0])
    for name, data in files.items():
        print(f"{name} {len(data)} bytes")

    from _digest import write_digest

    write_digest(
        args.out,
        models=[model, reloaded],
        optimizers=[optimizer],
        losses=losses,
        extra={"files": files, "logits": logits},
    )


if __name__ == "__main__":
    main()
