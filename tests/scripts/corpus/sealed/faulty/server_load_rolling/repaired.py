import numpy as np
import torch
from torch import nn

WINDOW, CONTEXT = 48, 16


def rolling_mean(v, w):
    out = np.full(len(v), np.nan)
    c = np.cumsum(np.insert(v, 0, 0.0))
    out[w - 1:] = (c[w:] - c[:-w]) / w
    return out


def make_features(n=3000, seed=3):
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    slow = np.zeros(n)
    for i in range(1, n):
        slow[i] = 0.98 * slow[i - 1] + 0.2 * rng.normal()
    load = slow + np.sin(2 * np.pi * t / 24) + 0.15 * rng.normal(size=n)
    feats = np.stack([load, rolling_mean(load, WINDOW), np.sin(2 * np.pi * t / 24), np.cos(2 * np.pi * t / 24)], axis=1)
    feats = feats[WINDOW - 1:]
    feats[:, :2] = (feats[:, :2] - np.nanmean(feats[:, :2], axis=0)) / np.nanstd(feats[:, :2], axis=0)
    return feats.astype(np.float32)


class LoadNet(nn.Module):
    def __init__(self, n_feat=4, hidden=32):
        super().__init__()
        self.conv = nn.Conv1d(n_feat, hidden, 5)
        self.fc = nn.Linear(hidden * (CONTEXT - 4), 32)
        self.out = nn.Linear(32, 1)

    def forward(self, x):
        h = nn.functional.silu(self.conv(x.transpose(1, 2))).flatten(1)
        return self.out(nn.functional.silu(self.fc(h))).squeeze(1)


torch.manual_seed(3)
feats = torch.from_numpy(make_features())
windows = feats.unfold(0, CONTEXT + 1, 1).transpose(1, 2)
x, y = windows[:, :-1], windows[:, -1, 0]
cut = int(0.8 * len(x))
net = LoadNet()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(10):
    net.train()
    tot, n = 0.0, 0
    for idx in torch.randperm(cut).split(64):
        loss = (net(x[idx]) - y[idx]).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot, n = tot + loss.item(), n + 1
    net.eval()
    with torch.no_grad():
        v = (net(x[cut + CONTEXT:]) - y[cut + CONTEXT:]).pow(2).mean().item()
    print(f"epoch {epoch} train mse {tot / n:.4f} valid mse {v:.4f}")
