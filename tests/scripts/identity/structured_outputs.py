"""Modules that return a tuple, a dict, a named tuple and a dataclass."""

import argparse
import random
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Dataset


class Moments(NamedTuple):
    mu: torch.Tensor
    log_var: torch.Tensor


@dataclass
class VAEOutput:
    loss: torch.Tensor
    parts: dict[str, torch.Tensor]
    reconstruction: torch.Tensor | None = None
    label: str = "vae"


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(64, 32)
        self.mu = nn.Linear(32, 4)
        self.log_var = nn.Linear(32, 4)

    def forward(self, x):
        h = F.relu(self.fc(x))
        return Moments(self.mu(h), self.log_var(h))


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 32)
        self.pixels = nn.Linear(32, 64)
        self.classes = nn.Linear(32, 10)

    def forward(self, z):
        h = F.relu(self.fc(z))
        return {"pixels": self.pixels(h), "classes": self.classes(h), "aux": None}


class Split(nn.Module):
    def forward(self, moments):
        std = torch.exp(0.5 * moments.log_var)
        return moments.mu + std * torch.randn_like(std), (moments.mu, [std])


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.sample = Split()
        self.decoder = Decoder()

    def forward(self, batch):
        moments = self.encoder(batch["image"])
        z, _ = self.sample(moments)
        decoded = self.decoder(z)
        parts = {
            "bce": F.binary_cross_entropy_with_logits(decoded["pixels"], batch["image"]),
            "kl": -0.5 * torch.mean(1 + moments.log_var - moments.mu**2 - moments.log_var.exp()),
            "ce": F.cross_entropy(decoded["classes"], batch["label"]),
        }
        return VAEOutput(parts["bce"] + 0.1 * parts["kl"] + parts["ce"], parts, decoded["pixels"])


class DictDataset(Dataset):
    def __init__(self, size):
        digits = load_digits()
        self.images = torch.tensor(digits.data[:size] / 16, dtype=torch.float32)
        self.labels = torch.tensor(digits.target[:size])

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return {"image": self.images[i], "label": self.labels[i], "name": f"digit-{i}"}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--out")
    args = parser.parse_args()
    torch.set_num_threads(1)
    random.seed(22)
    np.random.seed(22)
    torch.manual_seed(22)

    loader = DataLoader(DictDataset(300), batch_size=30, shuffle=True, num_workers=args.workers)
    vae = VAE()
    optimizer = torch.optim.Adamax(vae.parameters(), lr=5e-3)
    losses, parts, names = [], [], []
    for _ in range(3):
        for batch in loader:
            output = vae(batch)
            optimizer.zero_grad()
            output.loss.backward()
            optimizer.step()
            losses.append(output.loss.item())
            parts.append({name: value.item() for name, value in output.parts.items()})
            names.append(batch["name"][0])
            print(f"{output.label} loss {output.loss.item()!r} {parts[-1]}")

    from _digest import write_digest

    write_digest(
        args.out,
        models=[vae],
        optimizers=[optimizer],
        losses=losses,
        extra={"parts": parts, "names": names},
    )


if __name__ == "__main__":
    main()
