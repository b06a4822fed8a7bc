"""Tag synthetic bag-of-words documents with topics (a document has several)."""
import logging
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.datasets import make_multilabel_classification
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

logging.basicConfig(level=logging.INFO, format="%(message)s")
log = logging.getLogger("tagger")


@dataclass
class TrainConfig:
    n_docs: int = 3000
    n_words: int = 60
    n_tags: int = 6
    hidden: int = 64
    lr: float = 3e-3
    epochs: int = 8
    batch_size: int = 64
    seed: int = 13


class Tagger(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(cfg.n_words, cfg.hidden), nn.GELU(), nn.Dropout(0.1))
        self.tags = nn.Linear(cfg.hidden, cfg.n_tags)

    def forward(self, x):
        return self.tags(self.body(x))


class Trainer:
    def __init__(self, cfg):
        self.cfg = cfg
        torch.manual_seed(cfg.seed)
        X, Y = make_multilabel_classification(cfg.n_docs, cfg.n_words, n_classes=cfg.n_tags, n_labels=3,
                                              allow_unlabeled=False, random_state=cfg.seed)
        X = (X - X.mean(0)) / X.std(0)
        data = TensorDataset(torch.tensor(X, dtype=torch.float32), torch.tensor(Y, dtype=torch.float32))
        self.train_set, self.val_set = random_split(data, [cfg.n_docs - 500, 500])
        self.model = Tagger(cfg)
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=cfg.lr)

    def train(self):
        loader = DataLoader(self.train_set, self.cfg.batch_size, shuffle=True)
        for epoch in range(self.cfg.epochs):
            self.model.train()
            losses = []
            for x, t in loader:
                self.optimizer.zero_grad()
                loss = self.criterion(self.model(x), t)
                loss.backward()
                self.optimizer.step()
                losses.append(loss.item())
            log.info("epoch %d loss %.4f exact-tag accuracy %.3f", epoch, np.mean(losses), self.validate())

    @torch.no_grad()
    def validate(self):
        self.model.eval()
        x, t = next(iter(DataLoader(self.val_set, 500)))
        return ((self.model(x) > 0).float() == t).float().mean().item()


Trainer(TrainConfig()).train()
