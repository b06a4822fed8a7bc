"""Metric learning on digits with a triplet loss and distance-weighted negatives."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(30)

data = load_digits()
x = torch.tensor(data.data, dtype=torch.float32) / 16 - 0.3
y = torch.tensor(data.target)
perm = torch.randperm(len(x))
x, y = x[perm], y[perm]
train_x, train_y, test_x, test_y = x[:1300], y[:1300], x[1300:], y[1300:]
by_class = [torch.where(train_y == c)[0] for c in range(10)]

net = nn.Sequential(nn.Linear(64, 96), nn.LeakyReLU(0.1), nn.Linear(96, 16))
opt = torch.optim.Adam(net.parameters(), lr=5e-4)


def embed(batch):
    return F.normalize(net(batch), dim=1)


def sample(n_classes=10, per_class=8):
    rows = []
    for c in torch.randperm(10)[:n_classes].tolist():
        pick = torch.randint(len(by_class[c]), (per_class,))
        rows.append(by_class[c][pick])
    return torch.cat(rows)


def triplet_loss(z, labels, margin=0.5):
    dist = 2 - 2 * z @ z.T
    same = labels[:, None] == labels[None, :]
    # each anchor: its average positive against negatives drawn by closeness
    own = same.float().fill_diagonal_(0)
    pos = (dist * own).sum(1) / own.sum(1)
    closeness = torch.exp(-4 * dist.detach()) * (~same)
    pick = torch.multinomial(closeness, 4)
    neg = dist.gather(1, pick)
    return F.relu(pos[:, None] - neg + margin).mean()


def nearest_neighbour_accuracy():
    net.eval()
    with torch.no_grad():
        sim = embed(test_x) @ embed(train_x).T
    net.train()
    return (train_y[sim.argmax(1)] == test_y).float().mean().item()


for step in range(300):
    rows = sample()
    loss = triplet_loss(embed(train_x[rows]), train_y[rows])
    net.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0 or step == 299:
        acc = nearest_neighbour_accuracy()
        print(f"step {step} triplet loss {loss.item():.4f} 1-nn acc {acc:.3f}")
