import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from sklearn.datasets import load_digits

torch.manual_seed(55)
np.random.seed(55)


class CodeAutoencoder(nn.Module):
    def __init__(self, bits=32, temperature=0.5):
        super().__init__()
        self.enc1 = nn.Linear(64, 48)
        self.enc2 = nn.Linear(48, bits)
        self.dec = nn.Linear(bits, 64)
        self.temperature = temperature

    def encode(self, x):
        h = torch.sigmoid(self.enc1(x) / self.temperature)
        return torch.sigmoid(self.enc2(h - 0.5) / self.temperature)

    def forward(self, x):
        return self.dec(self.encode(x) - 0.5)


class Experiment:
    def __init__(self, model, lr=4e-3, epochs=15):
        self.model = model
        self.epochs = epochs
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        data = load_digits().data.astype(np.float32)
        keep = data.std(0) > 1.0
        data[:, keep] = (data[:, keep] - data[:, keep].mean(0)) / data[:, keep].std(0)
        data[:, ~keep] = 0
        np.random.shuffle(data)
        self.train_loader = DataLoader(TensorDataset(torch.from_numpy(data[:1500])), batch_size=50, shuffle=True)
        self.val = torch.from_numpy(data[1500:])

    def fit(self):
        for epoch in range(self.epochs):
            self.model.train()
            for (x,) in self.train_loader:
                loss = ((self.model(x) - x) ** 2).mean()
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
            print(f"{epoch:02d}: {loss.item():.4f} / {self.evaluate():.4f}")

    def evaluate(self):
        self.model.eval()
        with torch.no_grad():
            return ((self.model(self.val) - self.val) ** 2).mean().item()


if __name__ == "__main__":
    Experiment(CodeAutoencoder(bits=32, temperature=0.5)).fit()
