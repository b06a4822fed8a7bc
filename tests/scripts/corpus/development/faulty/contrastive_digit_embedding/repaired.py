# homework 4: learn a 2d-ish embedding of the digits with a contrastive loss
import torch
import torch.nn as nn
from sklearn.datasets import load_digits

torch.manual_seed(3)
d = load_digits()
X = torch.tensor(d.data, dtype=torch.float32) / 16
Y = torch.tensor(d.target)
perm = torch.randperm(len(X))
X, Y = X[perm], Y[perm]
Xtr, Ytr, Xte, Yte = X[:1400], Y[:1400], X[1400:], Y[1400:]

net = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 16))
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
MARGIN = 2.0


def pair_distances(z):
    diff = z.unsqueeze(0) - z.unsqueeze(1)
    return diff.pow(2).sum(-1).clamp(min=1e-8).sqrt()


def contrastive(z, y):
    dist = pair_distances(z)
    same = (y[:, None] == y[None, :]).float()
    eye = torch.eye(len(y))
    pos = (same - eye) * dist ** 2
    neg = (1 - same) * torch.relu(MARGIN - dist) ** 2
    return pos.sum() / (same - eye).sum().clamp(min=1) + neg.sum() / (1 - same).sum()


for step in range(400):
    idx = torch.randint(0, len(Xtr), (96,))
    loss = contrastive(net(Xtr[idx]), Ytr[idx])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        print(step, loss.item())

net.eval()
with torch.no_grad():
    a, b = net(Xte), net(Xtr)
    nearest = torch.cdist(a, b).argmin(1)
    print('1-nn accuracy', (Ytr[nearest] == Yte).float().mean().item())
