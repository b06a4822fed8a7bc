import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from sklearn.datasets import make_friedman1


class Highway(nn.Module):
    def __init__(self, dim, gate_bias):
        super().__init__()
        self.transform = nn.Sequential(nn.Linear(dim, dim), nn.SiLU())
        self.gate = nn.Sequential(nn.Linear(dim, dim), nn.Sigmoid())
        nn.init.constant_(self.gate[0].bias, gate_bias)

    def forward(self, x):
        g = self.gate(x)
        return g * self.transform(x) + (1 - g) * x


class EnergyModel(nn.Module):
    def __init__(self, n_in, dim=48, layers=3, gate_bias=-2.0):
        super().__init__()
        self.proj = nn.Sequential(nn.Linear(n_in, dim), nn.SiLU())
        self.layers = nn.Sequential(*[Highway(dim, gate_bias) for _ in range(layers)])
        self.out = nn.Linear(dim, 1)

    def forward(self, x):
        return self.out(self.layers(self.proj(x))).squeeze(-1)


torch.manual_seed(19)
x, t = make_friedman1(4000, n_features=8, noise=0.5, random_state=19)
x = (x - 0.5) / np.sqrt(1 / 12)
t = (t - t.mean()) / t.std()
x, t = torch.tensor(x, dtype=torch.float32), torch.tensor(t, dtype=torch.float32)
train = DataLoader(TensorDataset(x[:3200], t[:3200]), batch_size=80, shuffle=True)
net = EnergyModel(8)
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=10)
for epoch in range(10):
    net.train()
    run = 0.0
    for xb, tb in train:
        loss = nn.functional.mse_loss(net(xb), tb)
        opt.zero_grad()
        loss.backward()
        opt.step()
        run += loss.item()
    sched.step()
    net.eval()
    with torch.no_grad():
        v = nn.functional.mse_loss(net(x[3200:]), t[3200:]).item()
    print(f"epoch {epoch} train {run / len(train):.4f} valid {v:.4f}")
