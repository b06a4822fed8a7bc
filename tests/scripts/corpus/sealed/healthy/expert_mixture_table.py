import argparse
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

ap = argparse.ArgumentParser()
ap.add_argument("--experts", type=int, default=4)
ap.add_argument("--balance", type=float, default=0.02)
ap.add_argument("--epochs", type=int, default=14)
args = ap.parse_args()


class Mixture(nn.Module):
    def __init__(self, n_in, n_experts, width=24):
        super().__init__()
        self.router = nn.Linear(n_in, n_experts)
        self.experts = nn.ModuleList(nn.Sequential(nn.Linear(n_in, width), nn.ELU(), nn.Linear(width, 16), nn.ELU()) for _ in range(n_experts))
        self.price, self.sold = nn.Linear(16, 1), nn.Linear(16, 1)

    def forward(self, x):
        w = self.router(x).softmax(dim=1)
        h = torch.stack([e(x) for e in self.experts], dim=1)
        h = (w.unsqueeze(-1) * h).sum(1)
        return self.price(h).squeeze(1), self.sold(h).squeeze(1), w


def listings(n, g):
    x = torch.randn(n, 6, generator=g)
    region = (x[:, 0] > 0).long() + 2 * (x[:, 1] > 0).long()
    coef = torch.tensor([[1.0, -1, 0.5], [-1, 1, 0.2], [0.3, 0.8, -1], [-0.6, -0.4, 1]])[region]
    core = (coef * x[:, 2:5]).sum(1)
    price = core + 0.5 * x[:, 5].sin() + 0.1 * torch.randn(n, generator=g)
    sold = (core - 0.4 * x[:, 5] + 0.2 * torch.randn(n, generator=g) > 0).float()
    return x, price / 1.4, sold


torch.manual_seed(18)
g = torch.Generator().manual_seed(18)
train = DataLoader(TensorDataset(*listings(5000, g)), batch_size=100, shuffle=True)
vx, vp, vs = listings(1000, g)
net = Mixture(6, args.experts)
opt = torch.optim.Adam([{"params": net.router.parameters(), "lr": 1.5e-2},
                        {"params": [p for n, p in net.named_parameters() if not n.startswith("router")]}], lr=1e-2)
for epoch in range(args.epochs):
    net.train()
    tot = 0.0
    for x, p, s in train:
        price, sold, w = net(x)
        load = w.mean(0)
        loss = nn.functional.mse_loss(price, p) + 0.5 * nn.functional.binary_cross_entropy_with_logits(sold, s) \
            + args.balance * args.experts * load.pow(2).sum()
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot += loss.item() / len(train)
    net.eval()
    with torch.no_grad():
        price, sold, w = net(vx)
        print(f"epoch {epoch} train {tot:.4f} price mse {nn.functional.mse_loss(price, vp).item():.4f} "
              f"sold acc {((sold > 0).float() == vs).float().mean():.3f} load {[round(v, 2) for v in w.mean(0).tolist()]}")
