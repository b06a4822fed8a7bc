import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(72)
X, y = load_digits(return_X_y=True)
X = torch.tensor(X, dtype=torch.float32)
X = (X - X.mean(0)) / (X.std(0) + 1.0)
y = torch.tensor(y)
y = y[torch.randperm(len(y))]
mix = torch.randperm(len(X))
X, y = X[mix], y[mix]
Xa, ya, Xb, yb = X[:1400], y[:1400], X[1400:], y[1400:]
rows = [torch.nonzero(ya == c).flatten() for c in range(10)]


class Embed(nn.Module):
    def __init__(self, d=20):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(64, 64), nn.LeakyReLU(0.1), nn.Linear(64, d))

    def forward(self, x):
        return self.body(x)


def episode(way=10, shot=5, query=6):
    s, q = [], []
    for c in range(way):
        r = rows[c][torch.randperm(len(rows[c]))[:shot + query]]
        s.append(r[:shot])
        q.append(r[shot:])
    return torch.stack(s), torch.stack(q)


net = Embed()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for it in range(1, 301):
    s, q = episode()
    proto = net(Xa[s]).mean(1)
    zq = net(Xa[q].flatten(0, 1))
    dist = torch.cdist(zq, proto).pow(2)
    target = torch.arange(10).repeat_interleave(6)
    loss = F.cross_entropy(-dist, target)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 60 == 0:
        with torch.no_grad():
            proto = torch.stack([net(Xa[r]).mean(0) for r in rows])
            acc = (torch.cdist(net(Xb), proto).argmin(1) == yb).float().mean().item()
        print(f"episode {it} loss {loss.item():.4f} held-out acc {acc:.3f}")
