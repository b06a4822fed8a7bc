"""One model, three optimizers: sparse embedding, body without and head with weight decay."""

import argparse
import random

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

VOCABULARY = 200


class BagClassifier(nn.Module):
    def __init__(self, dim=24, classes=4):
        super().__init__()
        self.embedding = nn.EmbeddingBag(VOCABULARY, dim, mode="mean", sparse=True)
        self.body = nn.Sequential(nn.Linear(dim, dim), nn.SiLU(), nn.LayerNorm(dim))
        self.head = nn.Linear(dim, classes)

    def forward(self, tokens):
        return self.head(self.body(self.embedding(tokens)))


class Trainer:
    def __init__(self, model, loader):
        self.model = model
        self.loader = loader
        self.criterion = nn.CrossEntropyLoss()
        self.optimizers = [
            torch.optim.SparseAdam(list(model.embedding.parameters()), lr=0.02),
            torch.optim.Adam(model.body.parameters(), lr=0.003),
            torch.optim.AdamW(model.head.parameters(), lr=0.003, weight_decay=0.1),
        ]
        self.losses = []

    def step(self, tokens, targets):
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        loss = self.criterion(self.model(tokens), targets)
        loss.backward()
        # the body is only updated on every second step
        self.optimizers[0].step()
        if len(self.losses) % 2 == 0:
            self.optimizers[1].step()
        self.optimizers[2].step()
        self.losses.append(loss.item())
        print(f"[{len(self.losses)}] loss={loss.item()!r}")

    def fit(self, epochs):
        for _ in range(epochs):
            for tokens, targets in self.loader:
                self.step(tokens, targets)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--out")
    args = parser.parse_args()

    random.seed(4)
    np.random.seed(4)
    torch.manual_seed(4)
    torch.set_num_threads(1)
    targets = torch.randint(0, 4, (240,))
    tokens = (torch.randint(0, 80, (240, 12)) + 40 * targets[:, None]) % VOCABULARY
    loader = DataLoader(
        TensorDataset(tokens, targets),
        batch_size=24,
        shuffle=True,
        num_workers=args.workers,
        generator=torch.Generator().manual_seed(44),
    )
    trainer = Trainer(BagClassifier(), loader)
    trainer.fit(epochs=3)

    from _digest import write_digest

    write_digest(
        args.out,
        models=[trainer.model],
        optimizers=trainer.optimizers,
        losses=trainer.losses,
    )


if __name__ == "__main__":
    main()
