import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(55)
X, y = load_digits(return_X_y=True)
X = torch.tensor(X, dtype=torch.float32) / 16
X = (X - X.mean()) / X.std()
y = torch.tensor(y)
perm = torch.randperm(len(X))
X, y = X[perm], y[perm]
Xtr, ytr, Xte, yte = X[:1400], y[:1400], X[1400:], y[1400:]
by_class = [torch.nonzero(ytr == c).flatten() for c in range(10)]


def sample_triplets(n):
    a = torch.randint(0, len(Xtr), (n,))
    pos = torch.stack([by_class[c][torch.randint(0, len(by_class[c]), ())] for c in ytr[a].tolist()])
    neg = torch.randint(0, len(Xtr), (n,))
    bad = ytr[neg] == ytr[a]
    while bad.any():
        neg[bad] = torch.randint(0, len(Xtr), (int(bad.sum()),))
        bad = ytr[neg] == ytr[a]
    return a, pos, neg


embed = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 16))
opt = torch.optim.SGD(embed.parameters(), lr=0.3)
lossf = nn.TripletMarginLoss(margin=1.0)
for step in range(1, 301):
    a, p, n = sample_triplets(96)
    ea, ep, en = embed(Xtr[a]), embed(Xtr[p]), embed(Xtr[n])
    loss = lossf(ea, ep, en)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        with torch.no_grad():
            d = torch.cdist(embed(Xte), embed(Xtr))
            knn = ytr[d.argmin(1)]
        print(f"{step} triplet loss {loss.item():.4f} 1-nn acc {(knn == yte).float().mean().item():.3f}")
