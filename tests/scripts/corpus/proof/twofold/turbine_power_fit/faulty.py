import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def read_plant(n=3000, seed=15):
    r = np.random.default_rng(seed)
    wind = r.weibull(2.2, n) * 8
    rpm = np.clip(180 * wind, 0, 1600) + r.normal(0, 40, n)
    pressure = r.normal(1013, 9, n)
    temp = r.normal(11, 7, n)
    pitch = r.uniform(0, 20, n)
    power = 2000 / (1 + np.exp(-(wind - 8))) * (pressure / 1013) * (1 - pitch / 60) + 3 * (11 - temp) + r.normal(0, 20, n)
    return np.stack([wind, rpm, pressure, temp, pitch], 1).astype("float32"), power.astype("float32")


class Scaler:
    def fit(self, a):
        self.m, self.s = a.mean(0), a.std(0)
        return self

    def __call__(self, a):
        return (a - self.m) / self.s


torch.manual_seed(15)
feats, power = read_plant()
n_train = 2400
fs, ps = Scaler().fit(feats[:n_train]), Scaler().fit(power[:n_train])
feats = torch.from_numpy(feats)
power = torch.from_numpy(power)
loader = DataLoader(TensorDataset(feats[:n_train], power[:n_train]), batch_size=60, shuffle=True)
model = nn.Sequential(nn.Linear(5, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 1))
optim = torch.optim.RMSprop(model.parameters(), lr=3e-3)
for epoch in range(8):
    model.train()
    running = 0.0
    for x, p in loader:
        optim.zero_grad()
        out = model(x).squeeze(1)
        loss = nn.functional.l1_loss(out, p)
        loss.backward()
        optim.step()
        running += loss.item()
    model.eval()
    with torch.no_grad():
        out = model(feats[n_train:]).squeeze(1)
        mae = nn.functional.l1_loss(out, power[n_train:])
        rel = mae / power[n_train:].std()
    print(f"epoch {epoch}: L1 {running / len(loader):.4f} test L1 {mae:.4f} relative {rel:.4f}")
