import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

torch.manual_seed(0)
bunch = load_digits()
X = torch.tensor(bunch.images, dtype=torch.float32)[:, None] / 8 - 1
order = torch.randperm(len(X))
X, Y = X[order], torch.tensor(bunch.target)[order]
tr, te = X[:1400], X[1400:]


def augment(x):
    pad = F.pad(x, (1, 1, 1, 1), value=-1.0)
    i, j = torch.randint(0, 3, (2,)).tolist()
    x = pad[:, :, i:i + 8, j:j + 8]
    gain = 0.8 + 0.4 * torch.rand(len(x), 1, 1, 1)
    return gain * x + 0.2 * torch.randn_like(x)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                                  nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
        self.proj = nn.Sequential(nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 32))

    def forward(self, x):
        return F.normalize(self.proj(self.body(x)), dim=1)


def nt_xent(a, b, tau=0.3):
    z = torch.cat([a, b])
    sim = (z @ z.T / tau).masked_fill(torch.eye(len(z), dtype=torch.bool), float("-inf"))
    n = len(a)
    partner = torch.cat([torch.arange(n, 2 * n), torch.arange(n)])
    return F.cross_entropy(sim, partner)


def probe(enc):
    enc.eval()
    with torch.no_grad():
        f, g = enc.body(tr).numpy(), enc.body(te).numpy()
    return LogisticRegression(max_iter=300).fit(f[:300], Y[:300]).score(g, Y[1400:])


enc = Encoder()
opt = torch.optim.AdamW(enc.parameters(), lr=2e-3, weight_decay=1e-4)
print("linear probe before:", probe(enc))
for epoch in range(14):
    enc.train()
    tot = 0.0
    for idx in torch.randperm(1400).split(56):
        loss = nt_xent(enc(augment(tr[idx])), enc(augment(tr[idx])))
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot += loss.item()
    print("epoch", epoch, "nt-xent", round(tot / 25, 4))
print("linear probe after:", probe(enc))
