import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader

rng = np.random.default_rng(12)
hours = np.arange(24 * 150)
load = 500 + 120 * np.sin(2 * np.pi * hours / 24) + 60 * np.sin(2 * np.pi * hours / 168 + 1) + 30 * np.sin(4 * np.pi * hours / 24)
ar = np.zeros(len(hours))
for i in range(1, len(hours)):
    ar[i] = 0.85 * ar[i - 1] + rng.normal(0, 12)
load = load + ar
cut = 24 * 120
mean, std = load[:cut].mean(), load[:cut].std()
series = torch.tensor((load - mean) / std, dtype=torch.float32)


class Windows(Dataset):
    def __init__(self, s, past=48, horizon=6):
        self.s, self.past, self.horizon = s, past, horizon

    def __len__(self):
        return len(self.s) - self.past - self.horizon + 1

    def __getitem__(self, i):
        mid = i + self.past
        return self.s[i:mid].unsqueeze(-1), self.s[mid:mid + self.horizon]


class Forecaster(nn.Module):
    def __init__(self, hidden=32, horizon=6):
        super().__init__()
        self.gru = nn.GRU(1, hidden, batch_first=True)
        self.out = nn.Linear(hidden, horizon)

    def forward(self, w):
        _, h = self.gru(w)
        return w[:, -1] + self.out(h[0])


torch.manual_seed(12)
train = DataLoader(Windows(series[:cut]), batch_size=56, shuffle=True, drop_last=True)
test = DataLoader(Windows(series[cut - 48:]), batch_size=200)
model = Forecaster()
opt = torch.optim.Adam(model.parameters(), lr=4e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=7)
for epoch in range(7):
    model.train()
    tot = 0.0
    for w, f in train:
        opt.zero_grad()
        loss = nn.functional.l1_loss(model(w), f)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        tot += loss.item()
    sched.step()
    model.eval()
    with torch.no_grad():
        err = np.mean([(model(w) - f).abs().mean().item() for w, f in test])
        naive = np.mean([(w[:, -1] - f).abs().mean().item() for w, f in test])
    print(f"epoch {epoch} train L1 {tot / len(train):.4f} test MAE {err * std:.1f} MW (last value: {naive * std:.1f} MW)")
