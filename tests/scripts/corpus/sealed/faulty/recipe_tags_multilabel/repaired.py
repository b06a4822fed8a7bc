import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

N_ING, N_TAGS = 80, 6
rng = np.random.default_rng(51)
torch.manual_seed(51)

# each tag likes some ingredients; two tags also need a pair of them
affinity = np.where(rng.random((N_TAGS, N_ING)) < 0.2, rng.normal(1.3, 0.3, (N_TAGS, N_ING)), -0.25)


def recipes(n):
    bag = (rng.random((n, N_ING)) < 0.15).astype(np.float32)
    score = bag @ affinity.T
    score[:, 0] += 2.5 * bag[:, :10].max(1) * bag[:, 10:20].max(1)
    score[:, 1] -= 2.5 * bag[:, 20:30].max(1)
    score = score + 0.3 * rng.standard_normal(score.shape)
    return bag, score


bag, score = recipes(4000)
cut = np.median(score, axis=0)
tags = (score > cut).astype(np.float32)
bag = (bag - 0.15) / 0.36
train = TensorDataset(torch.from_numpy(bag[:3200]), torch.from_numpy(tags[:3200]))
bag_val, tags_val = torch.from_numpy(bag[3200:]), torch.from_numpy(tags[3200:])
loader = DataLoader(train, batch_size=64, shuffle=True)

net = nn.Sequential(nn.Linear(N_ING, 48), nn.ReLU(), nn.Dropout(0.3), nn.Linear(48, N_TAGS))
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.AdamW(net.parameters(), lr=4e-3, weight_decay=0.05)
scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.85)

for epoch in range(12):
    net.train()
    run = []
    for x, t in loader:
        optimizer.zero_grad()
        loss = criterion(net(x), t)
        loss.backward()
        optimizer.step()
        run.append(loss.item())
    scheduler.step()
    net.eval()
    with torch.no_grad():
        out = net(bag_val)
        val, acc = criterion(out, tags_val).item(), ((out > 0) == (tags_val > 0.5)).float().mean().item()
    print(f"epoch {epoch:2d} train {np.mean(run):.4f} val {val:.4f} tag acc {acc:.3f}")
