import torch
from torch import nn


def make_data(n):
    x = torch.rand(n, 1) * 6 - 3
    spread = 0.2 + 0.3 * torch.abs(x)
    y = torch.sin(2 * x) + x + spread * torch.randn(n, 1)
    return x, y


class PinballLoss(nn.Module):
    """Targets of shape (N, 1) against Q predicted quantiles of shape (N, Q)."""

    def __init__(self, quantiles):
        super().__init__()
        self.register_buffer("q", torch.tensor(quantiles))

    def forward(self, pred, target):
        err = target - pred
        return torch.maximum(self.q * err, (self.q - 1) * err).sum(dim=1).mean()


class QuantileNet(nn.Module):
    """The median plus cumulative positive offsets, so the bands never cross."""

    def __init__(self, n_lower=2, n_upper=2, width=48):
        super().__init__()
        self.n_lower = n_lower
        self.body = nn.Sequential(
            nn.Linear(1, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU()
        )
        self.median = nn.Linear(width, 1)
        self.gaps = nn.Linear(width, n_lower + n_upper)

    def forward(self, x):
        h = self.body(x)
        mid = self.median(h)
        gap = nn.functional.softplus(self.gaps(h))
        low = mid - gap[:, : self.n_lower].cumsum(1).flip(1)
        high = mid + gap[:, self.n_lower :].cumsum(1)
        return torch.cat([low, mid, high], dim=1)


torch.manual_seed(23)
levels = [0.05, 0.25, 0.5, 0.75, 0.95]
x, y = make_data(3000)
net = QuantileNet()
loss_fn = PinballLoss(levels)
optimizer = torch.optim.Adam(net.parameters(), lr=4e-3)
best_const = loss_fn(torch.quantile(y, torch.tensor(levels)).expand(len(y), -1), y).item()
print(f"constant quantiles: {best_const:.4f}")

for step in range(400):
    i = torch.randint(0, len(x), (150,))
    loss = loss_fn(net(x[i]), y[i])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 49:
        with torch.no_grad():
            cover = (y <= net(x)).float().mean(0).tolist()
        print(step + 1, f"{loss.item():.4f}", [round(c, 2) for c in cover])
