"""Largest-minus-smallest value of a variable-size set with attention pooling."""
import torch
from torch import nn


class MaskedAttentionPool(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.score = nn.Linear(dim, heads)

    def forward(self, h, mask):
        s = self.score(h).masked_fill(~mask.unsqueeze(-1), float("-inf"))
        w = s.softmax(dim=1)
        return torch.einsum("bnh,bnd->bhd", w, h).flatten(1)


class SetNet(nn.Module):
    def __init__(self, dim=48, heads=4):
        super().__init__()
        self.phi = nn.Sequential(nn.Linear(1, dim), nn.GELU(), nn.Linear(dim, dim), nn.GELU())
        self.pool = MaskedAttentionPool(dim, heads)
        self.rho = nn.Sequential(nn.Linear(dim * heads, dim), nn.GELU(), nn.Linear(dim, 1))

    def forward(self, x, mask):
        return self.rho(self.pool(self.phi(x.unsqueeze(-1)), mask)).squeeze(-1)


def sets(n, max_len=12):
    x = torch.randn(n, max_len)
    length = torch.randint(3, max_len + 1, (n, 1))
    mask = torch.arange(max_len)[None] < length
    top = x.masked_fill(~mask, -1e9).amax(1)
    low = x.masked_fill(~mask, 1e9).amin(1)
    return x * mask, mask, (top - low - 2.6) / 1.0


torch.manual_seed(19)
model = SetNet()
opt = torch.optim.AdamW(model.parameters(), lr=2e-3)
for step in range(400):
    x, m, y = sets(64)
    loss = nn.functional.smooth_l1_loss(model(x, m), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if (step + 1) % 80 == 0:
        model.eval()
        with torch.no_grad():
            x, m, y = sets(600)
            err = (model(x, m) - y).pow(2).mean() / y.var()
        model.train()
        print(step + 1, f"loss {loss.item():.4f} unexplained {err.item():.4f}")
