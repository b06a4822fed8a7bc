import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(17)
rng = np.random.default_rng(17)


def invoices(n):
    wrong = rng.random(n) < 0.03
    amount = rng.lognormal(5.0, 1.0, n) * np.where(wrong, 1.7, 1.0)
    days = rng.gamma(3.0, 8.0, n) + np.where(wrong, 8.0, 0.0)
    lines = rng.poisson(4, n) + 1
    manual = rng.random(n) < np.where(wrong, 0.55, 0.25)
    weekday = rng.integers(0, 7, n)
    cols = [np.log(amount), np.sqrt(days), np.log(lines), manual, weekday >= 5]
    return np.column_stack(cols).astype(np.float32), wrong.astype(np.float32)


X, y = invoices(12000)
X_val, y_val = invoices(4000)
mu, sd = X.mean(0), X.std(0)
X, X_val = torch.from_numpy((X - mu) / sd), torch.from_numpy((X_val - mu) / sd)
y, y_val = torch.from_numpy(y), torch.from_numpy(y_val)


class AuditNet(nn.Module):
    def __init__(self, d_in, width=32, depth=2):
        super().__init__()
        blocks, d = [], d_in
        for _ in range(depth):
            blocks += [nn.Linear(d, width), nn.ReLU()]
            d = width
        self.body, self.score = nn.Sequential(*blocks), nn.Linear(d, 1)

    def forward(self, x):
        return self.score(self.body(x)).squeeze(-1)


net = AuditNet(X.shape[1])
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
ratio = (1 - y.mean()) / y.mean()
print(f"{int(y.sum())} wrong invoices among {len(y)} (1 : {ratio:.0f})")

for epoch in range(6):
    net.train()
    total = 0.0
    for idx in torch.randperm(len(y)).split(128):
        opt.zero_grad()
        loss = F.binary_cross_entropy_with_logits(net(X[idx]), y[idx], pos_weight=ratio)
        loss.backward()
        opt.step()
        total += loss.item() * len(idx)
    net.eval()
    with torch.no_grad():
        flagged = net(X_val) > 0
    hit = (flagged & (y_val == 1)).sum().item()
    acc = (flagged == (y_val == 1)).float().mean().item()
    print(f"epoch {epoch}: loss {total / len(y):.4f} acc {acc:.3f} flagged {int(flagged.sum())} "
          f"recall {hit / int(y_val.sum()):.2f}")
