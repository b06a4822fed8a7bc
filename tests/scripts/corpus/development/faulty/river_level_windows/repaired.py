# River level: predict tomorrow from the last 20 days with a small 1d convnet.
import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader


class LevelWindows(Dataset):
    def __init__(self, levels, window=20, horizon=1):
        self.levels = np.asarray(levels, dtype=np.float32)
        self.window = window
        self.horizon = horizon

    def __len__(self):
        return len(self.levels) - self.window - self.horizon + 1

    def __getitem__(self, i):
        s = i
        past = self.levels[s:s + self.window]
        future = self.levels[i + self.window + self.horizon - 1]
        return torch.from_numpy(past)[None], torch.tensor(future)


def simulate(n, seed):
    rng = np.random.RandomState(seed)
    rain = rng.gamma(0.6, 1.0, n)
    level = np.zeros(n)
    for t in range(2, n):
        level[t] = 1.5 * level[t - 1] - 0.58 * level[t - 2] + 0.15 * rain[t]
    level += 1.5 * np.sin(np.arange(n) * 2 * np.pi / 90)
    return (level - level.mean()) / level.std()


torch.manual_seed(50)
series = simulate(3600, 50)
train = DataLoader(LevelWindows(series[:3000]), batch_size=50, shuffle=True, num_workers=0)
valid = DataLoader(LevelWindows(series[3000:]), batch_size=100)

net = nn.Sequential(
    nn.Conv1d(1, 16, 5), nn.ReLU(),
    nn.Conv1d(16, 16, 5), nn.ReLU(),
    nn.Flatten(), nn.Linear(16 * 12, 1), nn.Flatten(0),
)
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(7):
    net.train()
    total = 0
    for past, future in train:
        opt.zero_grad()
        loss = nn.functional.mse_loss(net(past), future)
        loss.backward()
        opt.step()
        total += loss.item()
    net.eval()
    with torch.no_grad():
        v = np.mean([nn.functional.mse_loss(net(p), f).item() for p, f in valid])
    print(f'{epoch}: train {total / len(train):.4f} valid {v:.4f}')
