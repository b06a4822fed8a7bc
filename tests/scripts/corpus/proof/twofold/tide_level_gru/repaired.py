import math
import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader


class Tides(Dataset):
    def __init__(self, length=2600, window=24, seed=3):
        g = torch.Generator().manual_seed(seed)
        t = torch.arange(length).float()
        level = torch.sin(2 * math.pi * t / 12.4) + 0.5 * torch.sin(2 * math.pi * t / 25.8 + 1) + 0.3 * torch.sin(2 * math.pi * t / 7.1)
        level = level + 0.1 * torch.randn(length, generator=g)
        self.level = (level - level.mean()) / level.std()
        self.window = window

    def __len__(self):
        return len(self.level) - self.window - 3

    def __getitem__(self, i):
        return self.level[i:i + self.window, None], self.level[i + self.window + 3]


class Forecaster(nn.Module):
    def __init__(self, h=32):
        super().__init__()
        self.gru = nn.GRU(1, h, batch_first=True)
        self.lin = nn.Linear(h, 1)

    def forward(self, w):
        _, last = self.gru(w)
        return self.lin(last[0])


torch.manual_seed(3)
train = DataLoader(Tides(), batch_size=64, shuffle=True)
test = DataLoader(Tides(500, seed=4), batch_size=500)
model = Forecaster()
optimizer = torch.optim.AdamW(model.parameters(), lr=0.02)
for epoch in range(6):
    model.train()
    run = 0.0
    for w, nxt in train:
        loss = nn.functional.mse_loss(model(w), nxt.unsqueeze(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run += loss.item() / len(train)
    model.eval()
    with torch.no_grad():
        w, nxt = next(iter(test))
        rmse = (model(w).flatten() - nxt).pow(2).mean().sqrt().item()
    print(f"epoch {epoch} mse {run:.4f} test rmse {rmse:.4f}")
