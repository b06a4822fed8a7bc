import torch
from torch import nn


def atoms(n, g):
    """Bags of 6..12 'atoms' with 4 features each; the property is a non-linear sum over them."""
    count = torch.randint(6, 13, (n,), generator=g)
    mask = (torch.arange(12)[None, :] < count[:, None]).float()
    feats = torch.randn(n, 12, 4, generator=g) * mask[..., None]
    per_atom = torch.tanh(feats[..., 0] * 2) * feats[..., 1] + 0.5 * feats[..., 2].abs()
    prop = (per_atom * mask).sum(1)
    return feats, mask, prop


class DeepSet(nn.Module):
    def __init__(self, width=48):
        super().__init__()
        self.phi = nn.Sequential(nn.Linear(4, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())
        self.rho = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 1))

    def forward(self, feats, mask):
        pooled = (self.phi(feats) * mask.unsqueeze(-1)).sum(1) / 3.0
        return self.rho(pooled)


def huber(pred, target, delta=1.0):
    err = (pred - target).abs()
    quad = torch.clamp(err, max=delta)
    return (0.5 * quad ** 2 + delta * (err - quad)).mean()


torch.manual_seed(1)
g = torch.Generator().manual_seed(1)
feats, mask, prop = atoms(4000, g)
vf, vm, vp = atoms(800, g)
mean, std = prop.mean(), prop.std()
prop, vp = (prop - mean) / std, (vp - mean) / std
net = DeepSet()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(10):
    total = 0.0
    for idx in torch.randperm(4000).split(100):
        loss = huber(net(feats[idx], mask[idx]), prop[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item()
    with torch.no_grad():
        pv = net(vf, vm).reshape(-1)
        corr = torch.corrcoef(torch.stack([pv, vp]))[0, 1]
    print(f"epoch {epoch} huber {total / 40:.4f} correlation on held-out {corr:.3f}")
