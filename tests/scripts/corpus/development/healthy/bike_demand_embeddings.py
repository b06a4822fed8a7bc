import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader

rng = np.random.default_rng(9)


class Rentals(Dataset):
    CARDS = (7, 24, 15)

    def __init__(self, n, station_effect):
        wd, hr, st = rng.integers(0, 7, n), rng.integers(0, 24, n), rng.integers(0, 15, n)
        temp = rng.normal(14, 8, n)
        rain = rng.exponential(1.0, n)
        peak = np.where(wd < 5, np.exp(-(hr - 8) ** 2 / 8) + np.exp(-(hr - 17) ** 2 / 8), np.exp(-(hr - 14) ** 2 / 30))
        mean = 40 * (0.2 + peak) * np.exp(station_effect[st]) * (1 + 0.03 * (temp - 14)).clip(0.2) * np.exp(-0.3 * rain)
        count = rng.poisson(mean)
        self.cat = torch.tensor(np.stack([wd, hr, st], 1))
        self.num = torch.tensor(np.stack([(temp - 14) / 8, rain - 1], 1), dtype=torch.float32)
        self.y = torch.tensor(np.log1p(count) - 2.0, dtype=torch.float32)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.cat[i], self.num[i], self.y[i]


class EntityNet(nn.Module):
    def __init__(self, cards, n_num):
        super().__init__()
        dims = [min(8, c // 2 + 1) for c in cards]
        self.embs = nn.ModuleList(nn.Embedding(c, d) for c, d in zip(cards, dims))
        self.mlp = nn.Sequential(nn.Linear(sum(dims) + n_num, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, cat, num):
        e = [emb(cat[:, i]) for i, emb in enumerate(self.embs)]
        return self.mlp(torch.cat(e + [num], 1)).squeeze(1)


torch.manual_seed(9)
effect = rng.normal(0, 0.5, 15)
train, test = Rentals(6000, effect), Rentals(1500, effect)
loader = DataLoader(train, batch_size=100, shuffle=True)
net = EntityNet(Rentals.CARDS, 2)
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
mse = nn.MSELoss()
print("variance of the target:", test.y.var().item())
for epoch in range(8):
    net.train()
    tot = 0.0
    for cat, num, y in loader:
        loss = mse(net(cat, num), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot += loss.item()
    net.eval()
    with torch.no_grad():
        v = mse(net(test.cat, test.num), test.y).item()
    print(f"epoch {epoch}: train {tot / len(loader):.4f} test {v:.4f}")
