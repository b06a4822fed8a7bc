import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(906)
X, y = load_digits(return_X_y=True)
X = torch.tensor(X / 16.0, dtype=torch.float32)
X = (X - X.mean(0)) / (X.std(0) + 0.1)
y = torch.tensor(y)
order = torch.randperm(len(X))
tr, te = order[:1400], order[1400:]


def jitter(x):
    return x + 0.2 * torch.randn_like(x)


def contrastive(z, label, tau=0.2):
    sim = z @ z.T / tau
    eye = torch.eye(len(z), dtype=torch.bool)
    sim = sim.masked_fill(eye, -1e9)
    logp = sim - sim.logsumexp(1, keepdim=True)
    pos = (label[:, None] == label[None]) & ~eye
    return -(logp * pos).sum(1).div(pos.sum(1)).mean()


enc = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 32))
optimizer = torch.optim.AdamW(enc.parameters(), lr=4e-3, weight_decay=1e-3)
for epoch in range(10):
    enc.train()
    losses = []
    for b in tr[torch.randperm(len(tr))].split(70):
        views = torch.cat([jitter(X[b]), jitter(X[b])])
        z = F.normalize(enc(views), dim=1)
        loss = contrastive(z, y[b].repeat(2))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    enc.eval()
    with torch.no_grad():
        a, b_ = F.normalize(enc(X[tr]), dim=1), F.normalize(enc(X[te]), dim=1)
        acc = (y[tr][(b_ @ a.T).argmax(1)] == y[te]).float().mean().item()
    print(f"epoch {epoch} loss {sum(losses) / len(losses):.4f} nearest neighbour acc {acc:.3f}")
