from types import SimpleNamespace

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

hp = SimpleNamespace(seed=6, epochs=14, batch=64, lr=2e-3, drop=0.4, width=64)


def block(a, b):
    return nn.Sequential(nn.Linear(a, b), nn.BatchNorm1d(b), nn.ReLU())


torch.manual_seed(hp.seed)
rng = np.random.default_rng(hp.seed)
n = 4000
spectrum = rng.standard_normal((n, 16)).cumsum(1) / 3
weather = rng.standard_normal((n, 5))
carbon = np.sin(spectrum[:, 4]) + spectrum[:, 10] * np.tanh(weather[:, 0]) + 0.5 * weather[:, 1] + 0.2 * rng.standard_normal(n)
carbon = (carbon - carbon[:3200].mean()) / carbon[:3200].std()
spectrum = (spectrum - spectrum[:3200].mean(0)) / spectrum[:3200].std(0)
T = lambda a: torch.tensor(a, dtype=torch.float32)
train_dl = DataLoader(TensorDataset(T(spectrum[:3200]), T(weather[:3200]), T(carbon[:3200])), hp.batch, shuffle=True)
val_dl = DataLoader(TensorDataset(T(spectrum[3200:]), T(weather[3200:]), T(carbon[3200:])), 200)

enc_spec = nn.Sequential(block(16, hp.width), block(hp.width, hp.width))
enc_met = block(5, hp.width)
fusion = nn.Sequential(
    nn.Linear(2 * hp.width, hp.width), nn.ReLU(), nn.Dropout(hp.drop), nn.Linear(hp.width, 1),
)
parts = nn.ModuleList([enc_spec, enc_met, fusion])
opt = torch.optim.AdamW(parts.parameters(), lr=hp.lr, weight_decay=1e-3)
crit = nn.MSELoss()


def forward(s, w):
    return fusion(torch.cat([enc_spec(s), enc_met(w)], dim=1)).squeeze(1)


for epoch in range(hp.epochs):
    parts.train()
    tr = 0.0
    for s, w, c in train_dl:
        opt.zero_grad()
        loss = crit(forward(s, w), c)
        loss.backward()
        opt.step()
        tr += loss.item()

    enc_spec.eval()
    enc_met.eval()
    fusion.eval()
    with torch.no_grad():
        va = sum(crit(forward(s, w), c).item() for s, w, c in val_dl) / len(val_dl)
    print(f"epoch {epoch:2d} | train {tr / len(train_dl):.4f} | val {va:.4f}")
