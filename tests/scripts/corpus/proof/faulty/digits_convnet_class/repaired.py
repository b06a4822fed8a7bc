from dataclasses import dataclass
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


@dataclass
class TrainConfig:
    batch_size: int = 48
    max_epochs: int = 9
    learning_rate: float = 1e-2
    weight_decay: float = 1e-4
    seed: int = 12


class SmallConv(nn.Module):
    def __init__(self, channels=12, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(1, channels, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, 2 * channels, 3, stride=2, padding=1)
        self.head = nn.Linear(2 * channels * 16, classes)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.conv2(x))
        return self.head(x.flatten(1))


class Trainer:
    def __init__(self, model, cfg):
        self.model, self.cfg = model, cfg
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=cfg.learning_rate, weight_decay=cfg.weight_decay)

    def fit(self, train, valid):
        for epoch in range(self.cfg.max_epochs):
            loss = self._train_epoch(*train)
            acc = self._evaluate(*valid)
            print(f"epoch={epoch} loss={loss:.4f} acc={acc:.4f}")

    def _train_epoch(self, x, y):
        self.model.train()
        total = 0.0
        for idx in torch.randperm(len(x)).split(self.cfg.batch_size):
            self.optimizer.zero_grad()
            loss = F.cross_entropy(self.model(x[idx]), y[idx])
            loss.backward()
            self.optimizer.step()
            total += loss.item() * len(idx)
        return total / len(x)

    @torch.no_grad()
    def _evaluate(self, x, y):
        self.model.eval()
        return (self.model(x).argmax(-1) == y).float().mean().item()


if __name__ == "__main__":
    cfg = TrainConfig()
    torch.manual_seed(cfg.seed)
    d = load_digits()
    images = torch.tensor(d.images).float().unsqueeze(1) / 8 - 1
    xtr, xva, ytr, yva = train_test_split(images, torch.tensor(d.target), test_size=0.25, random_state=cfg.seed, stratify=d.target)
    Trainer(SmallConv(), cfg).fit((xtr, ytr), (xva, yva))
