import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Block(nn.Module):
    def __init__(self, n_in, n_out, drop=0.05):
        super().__init__()
        self.fc = nn.Linear(n_in, n_out)
        self.norm = nn.BatchNorm1d(n_out)
        self.act = nn.Mish()
        self.drop = nn.Dropout(drop)

    def forward(self, x):
        return self.drop(self.norm(self.fc(x)))


class ChurnNet(nn.Module):
    def __init__(self, n_in):
        super().__init__()
        self.b1 = Block(n_in, 48)
        self.b2 = Block(48, 48)
        self.b3 = Block(48, 24)
        self.logit = nn.Linear(24, 1)

    def forward(self, x):
        return self.logit(self.b3(self.b2(self.b1(x)))).squeeze(1)


def customers(n, rng):
    x = rng.normal(size=(n, 9))
    score = 1.5 * x[:, 0] * x[:, 1] + np.abs(x[:, 2]) * 1.2 - 0.96 + x[:, 3] * (x[:, 4] > 0) + 0.5 * x[:, 5]
    y = score + 0.3 * rng.normal(size=n) > 0
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)


def evaluate(net, x, y):
    net.eval()
    with torch.no_grad():
        out = net(x)
        res = nn.functional.binary_cross_entropy_with_logits(out, y).item(), ((out > 0).float() == y).float().mean().item()
    net.train()
    return res


torch.manual_seed(14)
rng = np.random.default_rng(14)
train = TensorDataset(*customers(6000, rng))
vx, vy = customers(1500, rng)
net = ChurnNet(9)
opt = torch.optim.AdamW(net.parameters(), lr=4e-3, weight_decay=1e-2)
for epoch in range(8):
    for xb, yb in DataLoader(train, batch_size=120, shuffle=True):
        loss = nn.functional.binary_cross_entropy_with_logits(net(xb), yb)
        opt.zero_grad()
        loss.backward()
        opt.step()
    vl, va = evaluate(net, vx, vy)
    print(f"epoch {epoch} train {loss.item():.4f} valid {vl:.4f} acc {va:.3f} (majority {max(vy.mean().item(), 1 - vy.mean().item()):.3f})")
