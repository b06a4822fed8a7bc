# denoising AE for sensor rows; dropout acts as the corruption process
import torch, numpy as np
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(44)
rng = np.random.default_rng(44)
latent = rng.normal(size=(4000, 5))
mix = rng.normal(size=(5, 32)) / np.sqrt(5)
rows = np.tanh(latent @ mix) + 0.1 * rng.normal(size=(4000, 32))
rows = (rows - rows.mean(0)) / rows.std(0)
rows = torch.tensor(rows, dtype=torch.float32)
train_loader = DataLoader(TensorDataset(rows[:3200]), batch_size=64, shuffle=True)
holdout = rows[3200:]


class DAE(nn.Module):
    def __init__(self, d=32, h=64, z=8, p=0.15):
        super().__init__()
        self.corrupt = nn.Dropout(p)
        self.enc = nn.Sequential(nn.Linear(d, h), nn.LeakyReLU(0.1), nn.Linear(h, z))
        self.dec = nn.Sequential(nn.LeakyReLU(0.1), nn.Linear(z, h), nn.LeakyReLU(0.1), nn.Linear(h, d))

    def forward(self, x):
        return self.dec(self.enc(self.corrupt(x)))


model = DAE()
optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3)
criterion = nn.MSELoss()
for epoch in range(10):
    model.train()
    total = 0
    for (x,) in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(x), x)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
    model.eval()
    with torch.no_grad():
        clean = criterion(model(holdout), holdout).item()
    print(f'epoch {epoch}: noisy train mse {total / 3200:.4f}, clean holdout mse {clean:.4f}')
