import math
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class TideWindows(Dataset):
    def __init__(self, series, context=24):
        self.series, self.context = series, context

    def __len__(self):
        return len(self.series) - self.context

    def __getitem__(self, i):
        return self.series[i:i + self.context, None], self.series[i + self.context]


class TideLSTM(nn.Module):
    def __init__(self, hidden=40):
        super().__init__()
        self.cell = nn.LSTM(1, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        h, _ = self.cell(x)
        return self.out(h[:, -1]).squeeze(-1)


class Trainer:
    def __init__(self, net, lr=0.1, max_norm=0.25):
        self.net, self.max_norm = net, max_norm
        self.opt = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
        self.loss_fn = nn.MSELoss()

    def step(self, x, y):
        self.opt.zero_grad()
        loss = self.loss_fn(self.net(x), y)
        loss.backward()
        self.opt.step()
        nn.utils.clip_grad_norm_(self.net.parameters(), self.max_norm)
        return loss.item()

    @torch.no_grad()
    def evaluate(self, loader):
        self.net.eval()
        errs = [self.loss_fn(self.net(x), y).item() for x, y in loader]
        self.net.train()
        return float(np.mean(errs))


torch.manual_seed(22)
t = np.arange(3600)
rng = np.random.default_rng(22)
level = np.sin(2 * math.pi * t / 12.4) + 0.5 * np.sin(2 * math.pi * t / 25.8 + 1) + 0.3 * np.sin(2 * math.pi * t / 354) + 0.1 * rng.normal(size=t.size)
level = torch.tensor((level - level[:2900].mean()) / level[:2900].std(), dtype=torch.float32)
train = DataLoader(TideWindows(level[:2900]), batch_size=64, shuffle=True, drop_last=True)
valid = DataLoader(TideWindows(level[2900:]), batch_size=338)
tr = Trainer(TideLSTM())
for epoch in range(9):
    losses = [tr.step(x, y) for x, y in train]
    print(f"epoch {epoch} train {np.mean(losses):.4f} (max {max(losses):.3f}) valid {tr.evaluate(valid):.4f}")
