"""Predict several genre tags from a bag of plot keywords."""

from dataclasses import dataclass

import torch
from torch import nn


@dataclass
class HParams:
    vocab: int = 120
    tags: int = 6
    width: int = 64
    films: int = 3000
    batch: int = 100
    epochs: int = 10
    lr: float = 0.003


def synthesise(hp):
    topics = torch.rand(hp.tags, hp.vocab) ** 6
    tags = (torch.rand(hp.films, hp.tags) < 0.3).float()
    rate = 0.03 + tags @ topics * 0.6
    words = torch.poisson(rate).clamp(max=3)
    return words, tags


class TagModel(nn.Module):
    def __init__(self, hp):
        super().__init__()
        self.hidden = nn.Linear(hp.vocab, hp.width)
        self.drop = nn.Dropout(0.1)
        self.tags = nn.Linear(hp.width, hp.tags)

    def forward(self, bag):
        h = self.drop(torch.relu(self.hidden(bag)))
        return self.tags(h)


def run(hp):
    words, tags = synthesise(hp)
    model = TagModel(hp)
    opt = torch.optim.Adam(model.parameters(), lr=hp.lr)
    criterion = nn.BCEWithLogitsLoss()
    base = tags.mean().item()
    print(f"films {hp.films}, tags per film {tags.sum(1).mean():.2f}, base {base:.2f}")
    for epoch in range(1, hp.epochs + 1):
        total = 0.0
        for rows in torch.randperm(hp.films).split(hp.batch):
            loss = criterion(model(words[rows]), tags[rows])
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(rows)
        print(f"epoch {epoch:2d} bce {total / hp.films:.4f}")


torch.manual_seed(99)
run(HParams())
