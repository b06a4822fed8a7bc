"""Turbine failures are 6 % of the records; the loss weighs them up."""
import numpy as np
import torch
import torch.nn as nn
from sklearn.metrics import precision_score, recall_score

rng = np.random.default_rng(5)
torch.manual_seed(5)


def records(n):
    fails = rng.random(n) < 0.06
    oil = 62 + 4 * rng.standard_normal(n) + 7 * fails
    load = rng.uniform(0.2, 1.0, n)
    noise = rng.gamma(2.0, 0.5, n) + fails * rng.gamma(3.0, 0.7, n)
    hours = rng.uniform(0, 9000, n)
    wobble = 0.3 * rng.standard_normal(n) + 0.8 * fails * load
    return np.column_stack([oil, load, np.log1p(noise), hours, wobble]), fails.astype(np.float32)


x, y = records(8000)
xv, yv = records(3000)
mean, std = x.mean(0), x.std(0)
prep = lambda a: torch.tensor((a - mean) / std, dtype=torch.float32)
x, xv, y = prep(x), prep(xv), torch.tensor(y)

net = nn.Sequential(nn.Linear(5, 32), nn.ELU(), nn.Linear(32, 16), nn.ELU(), nn.Linear(16, 1), nn.Flatten(0))
pos_weight = (y == 0).sum() / (y == 1).sum()
criterion = nn.BCEWithLogitsLoss(pos_weight=pos_weight)
optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.01)
for epoch in range(5):
    net.train()
    losses = []
    for idx in torch.randperm(len(y)).split(100):
        optimizer.zero_grad()
        loss = criterion(net(x[idx]), y[idx])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    net.eval()
    with torch.no_grad():
        flag = (net(xv) > 0).numpy()
    print(f"epoch {epoch}: loss {np.mean(losses):.3f} recall {recall_score(yv, flag):.2f} precision {precision_score(yv, flag):.2f}")
