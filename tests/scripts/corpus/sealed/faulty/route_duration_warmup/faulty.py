import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

CONFIG = dict(dim=32, heads=4, lr=2e-3, batch=64, steps=450,
              warmup=100_000)


def routes(n, g):
    """10 way-points in the unit square; target: (standardised) length of the route."""
    pts = torch.rand(n, 10, 2, generator=g)
    length = (pts[:, 1:] - pts[:, :-1]).norm(dim=2).sum(1)
    return (pts - 0.5) / 0.29, length


class RouteModel(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.inp = nn.Linear(4, dim)
        self.order = nn.Parameter(torch.randn(10, dim) * 0.3)
        layer = nn.TransformerEncoderLayer(dim, heads, 2 * dim, dropout=0.0, activation="gelu", batch_first=True)
        self.enc = nn.TransformerEncoder(layer, 2)
        self.out = nn.Linear(dim, 1)

    def forward(self, pts):
        prev = torch.roll(pts, 1, dims=1)
        h = self.inp(torch.cat([pts, pts - prev], dim=-1)) + self.order
        return self.out(self.enc(h).mean(1)).squeeze(-1)


def train(c):
    torch.manual_seed(2)
    g = torch.Generator().manual_seed(2)
    x, y = routes(5000, g)
    vx, vy = routes(1000, g)
    mean, std = y.mean(), y.std()
    y, vy = (y - mean) / std, (vy - mean) / std
    model = RouteModel(c["dim"], c["heads"])
    opt = torch.optim.AdamW(model.parameters(), lr=c["lr"], weight_decay=1e-2)
    sched = LambdaLR(opt, lambda s: min(1.0, (s + 1) / c["warmup"]))
    for step in range(1, c["steps"] + 1):
        idx = torch.randint(0, len(x), (c["batch"],))
        loss = nn.functional.smooth_l1_loss(model(x[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        if step % 75 == 0:
            model.eval()
            with torch.no_grad():
                v = nn.functional.mse_loss(model(vx), vy).item()
            model.train()
            print(f"step {step} lr {sched.get_last_lr()[0]:.2e} loss {loss.item():.4f} valid mse {v:.4f}")


train(CONFIG)
