import warnings

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

warnings.filterwarnings("ignore")


class LoadSeries(Dataset):
    """Sliding windows over a synthetic electricity load curve."""

    def __init__(self, n_hours=2000, window=30, seed=0):
        rng = np.random.RandomState(seed)
        t = np.arange(n_hours)
        load = np.sin(t * 2 * np.pi / 24) + 0.5 * np.sin(t * 2 * np.pi / 60)
        load = load + 0.1 * rng.randn(n_hours)
        self.values = torch.tensor((load - load.mean()) / load.std(), dtype=torch.float32)
        self.window = window

    def __len__(self):
        return len(self.values) - self.window

    def __getitem__(self, idx):
        history = self.values[idx : idx + self.window]
        target = self.values[idx + self.window]
        return history[:, None], target


class LoadLSTM(nn.Module):
    def __init__(self, hidden_size=32, num_layers=1):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden_size, num_layers, batch_first=True)
        self.linear = nn.Linear(hidden_size, 1)

    def forward(self, x):
        output, _ = self.lstm(x)
        return self.linear(output[:, -1, :])


class Experiment:
    def __init__(self, epochs=8, batch_size=64):
        torch.manual_seed(13)
        self.epochs = epochs
        self.loader = DataLoader(LoadSeries(), batch_size=batch_size, shuffle=True)
        self.model = LoadLSTM()
        self.criterion = nn.HuberLoss()
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-2)
        self.scheduler = torch.optim.lr_scheduler.StepLR(self.optimizer, step_size=3, gamma=0.5)

    def run(self):
        for epoch in range(self.epochs):
            epoch_loss = 0.0
            for history, target in self.loader:
                self.optimizer.zero_grad()
                forecast = self.model(history)
                loss = self.criterion(forecast, target)
                loss.backward()
                self.optimizer.step()
                epoch_loss += loss.item()
            self.scheduler.step()
            print(
                "Epoch {}/{} Loss {:.4f}".format(
                    epoch + 1, self.epochs, epoch_loss / len(self.loader)
                )
            )


Experiment().run()
