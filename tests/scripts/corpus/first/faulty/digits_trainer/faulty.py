import dataclasses

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset, random_split


@dataclasses.dataclass
class Settings:
    epochs: int = 12
    batch_size: int = 64
    learning_rate: float = 0.002
    hidden: int = 96
    seed: int = 2


class Classifier(nn.Module):
    def __init__(self, hidden: int):
        super().__init__()
        self.fc1 = nn.Linear(64, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.fc3 = nn.Linear(hidden, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        x = self.fc3(x)
        return F.softmax(x, dim=1)


class Trainer:
    def __init__(self, settings: Settings):
        self.s = settings
        torch.manual_seed(settings.seed)
        digits = load_digits()
        x = torch.tensor(digits.data, dtype=torch.float32) / 16
        y = torch.tensor(digits.target)
        train, val = random_split(TensorDataset(x, y), [1437, 360])
        self.train_loader = DataLoader(train, settings.batch_size, shuffle=True)
        self.val_loader = DataLoader(val, 360)
        self.model = Classifier(settings.hidden)
        self.loss_fn = nn.CrossEntropyLoss()
        self.opt = torch.optim.Adam(self.model.parameters(), lr=settings.learning_rate)

    def step(self, x: torch.Tensor, y: torch.Tensor) -> float:
        self.opt.zero_grad()
        loss = self.loss_fn(self.model(x), y)
        loss.backward()
        self.opt.step()
        return loss.item()

    @torch.no_grad()
    def validate(self) -> tuple[float, float]:
        x, y = next(iter(self.val_loader))
        out = self.model(x)
        return self.loss_fn(out, y).item(), (out.argmax(1) == y).float().mean().item()

    def run(self) -> None:
        for epoch in range(self.s.epochs):
            losses = [self.step(x, y) for x, y in self.train_loader]
            val_loss, val_acc = self.validate()
            print(
                f"epoch {epoch + 1:02d} | train {sum(losses) / len(losses):.4f} "
                f"| val {val_loss:.4f} | acc {val_acc:.2%}"
            )


if __name__ == "__main__":
    Trainer(Settings()).run()
