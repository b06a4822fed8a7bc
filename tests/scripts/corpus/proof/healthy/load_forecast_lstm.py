import math
import os
import tempfile
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class Load(Dataset):
    def __init__(self, start, stop, window=28, horizon=4):
        g = torch.Generator().manual_seed(915)
        t = torch.arange(4000).float()
        s = torch.sin(2 * math.pi * t / 24) + 0.6 * torch.sin(2 * math.pi * t / 8 + 0.4) * torch.cos(2 * math.pi * t / 168)
        s = s + 0.15 * torch.randn(4000, generator=g)
        self.s = ((s - s.mean()) / s.std())[start:stop]
        self.w, self.h = window, horizon

    def __len__(self):
        return len(self.s) - self.w - self.h

    def __getitem__(self, i):
        return self.s[i:i + self.w].unsqueeze(1), self.s[i + self.w:i + self.w + self.h]


class Forecast(nn.Module):
    def __init__(self, hidden=36, horizon=4):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.proj = nn.Linear(hidden, horizon)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.proj(out[:, -1])


def main():
    torch.manual_seed(915)
    train = DataLoader(Load(0, 3000), batch_size=64, shuffle=True, num_workers=2)
    val = DataLoader(Load(3000, 4000), batch_size=256)
    net = Forecast()
    opt = torch.optim.Adam(net.parameters(), lr=1e-2)
    l1 = nn.L1Loss()
    folder = tempfile.mkdtemp()
    best = float("inf")
    for epoch in range(5):
        net.train()
        tot = 0.0
        for x, y in train:
            opt.zero_grad()
            loss = l1(net(x), y)
            loss.backward()
            opt.step()
            tot += loss.item()
        net.eval()
        with torch.no_grad():
            v = sum(l1(net(x), y).item() * len(y) for x, y in val) / len(val.dataset)
        if v < best:
            best = v
            torch.save(net.state_dict(), os.path.join(folder, "best.pt"))
        print(f"epoch {epoch} train L1 {tot / len(train):.4f} val L1 {v:.4f}")


if __name__ == "__main__":
    main()
