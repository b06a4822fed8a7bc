from dataclasses import dataclass, field
import torch
import torch.nn as nn
from sklearn.datasets import make_friedman1


@dataclass
class Settings:
    hidden: list = field(default_factory=lambda: [64, 64])
    lr: float = 4e-3
    epochs: int = 7
    batch: int = 50
    seed: int = 20


class PriceModel(nn.Module):
    def __init__(self, d, hidden):
        super().__init__()
        seq = []
        for h in hidden:
            seq += [nn.Linear(d, h), nn.ReLU()]
            d = h
        self.net = nn.Sequential(*seq, nn.Linear(d, 1))

    def forward(self, x):
        return self.net(x).squeeze(-1)


def prepare(s):
    X, y = make_friedman1(n_samples=3200, n_features=8, noise=0.8, random_state=s.seed)
    price = 120 + 32.0 * y
    X = (X - 0.5) * 12 ** 0.5
    X, price = torch.tensor(X, dtype=torch.float32), torch.tensor(price, dtype=torch.float32)
    centre, spread = price[:2500].mean(), price[:2500].std()
    return X, (price - centre) / spread


s = Settings()
torch.manual_seed(s.seed)
X, t = prepare(s)
model = PriceModel(X.shape[1], s.hidden)
opt = torch.optim.Adam(model.parameters(), lr=s.lr)
mse = nn.MSELoss()
for epoch in range(s.epochs):
    model.train()
    for idx in torch.randperm(2500).split(s.batch):
        loss = mse(model(X[idx]), t[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        p = model(X[2500:])
        r2 = 1 - mse(p, t[2500:]) / t[2500:].var()
    print(f"epoch {epoch}: batch loss {loss.item():.4g}, held-out R2 {r2.item():.4f}")
