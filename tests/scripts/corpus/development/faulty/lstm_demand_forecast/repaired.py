# Forecast the next hour of (synthetic) electricity demand.
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader

np.random.seed(21)
torch.manual_seed(21)


def demand(n=3000):
    t = np.arange(n)
    base = 40 + 12 * np.sin(2 * np.pi * t / 24) + 5 * np.sin(2 * np.pi * t / 168)
    return base + np.random.randn(n) * 1.5


class WindowDataset(Dataset):
    def __init__(self, series, window):
        self.series = torch.tensor(series, dtype=torch.float32)
        self.window = window

    def __len__(self):
        return len(self.series) - self.window

    def __getitem__(self, i):
        return self.series[i:i + self.window].unsqueeze(-1), self.series[i + self.window]


class Forecaster(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.lstm(x)
        y = self.head(out[:, -1])
        return y.squeeze(-1)


raw = demand()
split = 2400
mean, std = raw[:split].mean(), raw[:split].std()
z = (raw - mean) / std
train_loader = DataLoader(WindowDataset(z[:split], 30), batch_size=48, shuffle=True)
test_loader = DataLoader(WindowDataset(z[split:], 30), batch_size=128)

model = Forecaster()
loss_fn = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=3, gamma=0.5)
for epoch in range(6):
    model.train()
    losses = []
    for xb, yb in train_loader:
        loss = loss_fn(model(xb), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    scheduler.step()
    model.eval()
    with torch.no_grad():
        err = [((model(xb) - yb) ** 2).mean().item() for xb, yb in test_loader]
    print(f'epoch {epoch + 1}: train mse {np.mean(losses):.4f}, test rmse {std * np.mean(err) ** .5:.2f} MW')
