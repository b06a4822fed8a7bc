"""Deep residual MLP for tabular classification."""
from dataclasses import dataclass

import torch
from sklearn.datasets import make_classification
from torch import nn


@dataclass(frozen=True)
class HP:
    blocks: int = 12
    width: int = 64
    lr: float = 5e-4
    batch: int = 64
    steps: int = 300
    seed: int = 77


def norm(width):
    return nn.LayerNorm(width)


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = norm(width)
        self.a = nn.Linear(width, width)
        self.b = nn.Linear(width, width)
        for lin in (self.a, self.b):
            nn.init.kaiming_normal_(lin.weight)
            nn.init.zeros_(lin.bias)

    def forward(self, x):
        return x + self.b(torch.relu(self.a(self.norm(x))))


class ResMLP(nn.Module):
    def __init__(self, n_in, n_out, hp):
        super().__init__()
        self.stem = nn.Linear(n_in, hp.width)
        self.blocks = nn.ModuleList([Block(hp.width) for _ in range(hp.blocks)])
        self.final = norm(hp.width)
        self.head = nn.Linear(hp.width, n_out)

    def forward(self, x):
        x = self.stem(x)
        for blk in self.blocks:
            x = blk(x)
        return self.head(self.final(x))


def main(hp=HP()):
    torch.manual_seed(hp.seed)
    X, y = make_classification(12000, n_features=20, n_informative=10, n_classes=4, class_sep=1.5, flip_y=0.0, random_state=hp.seed)
    X = torch.tensor((X - X.mean(0)) / X.std(0), dtype=torch.float32)
    y = torch.tensor(y)
    Xv, yv, X, y = X[:1000], y[:1000], X[1000:], y[1000:]
    model = ResMLP(20, 4, hp)
    opt = torch.optim.AdamW(model.parameters(), lr=hp.lr, weight_decay=0.01)
    ce = nn.CrossEntropyLoss()
    for step in range(hp.steps):
        rows = torch.randint(len(X), (hp.batch,))
        loss = ce(model(X[rows]), y[rows])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 50 == 0 or step + 1 == hp.steps:
            model.eval()
            with torch.no_grad():
                logits = model(Xv)
                print(f"{step:5d} loss={loss.item():.4f} val={ce(logits, yv).item():.4f} acc={(logits.argmax(1) == yv).float().mean().item():.3f}")
            model.train()


if __name__ == "__main__":
    main()
