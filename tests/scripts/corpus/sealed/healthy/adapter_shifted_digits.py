import math
import torch
from torch import nn
from sklearn.datasets import load_digits


class LoRALinear(nn.Module):
    def __init__(self, base, rank=4, alpha=8.0):
        super().__init__()
        self.base = base
        for p in self.base.parameters():
            p.requires_grad_(False)
        self.A = nn.Parameter(torch.randn(base.in_features, rank) / math.sqrt(base.in_features))
        self.B = nn.Parameter(torch.zeros(rank, base.out_features))
        self.scale = alpha / rank

    def forward(self, x):
        return self.base(x) + (x @ self.A @ self.B) * self.scale


def fit(net, params, x, y, epochs, lr, tag, val):
    opt = torch.optim.AdamW(params, lr=lr, weight_decay=1e-2)
    for ep in range(epochs):
        for idx in torch.randperm(len(x)).split(60):
            loss = nn.functional.cross_entropy(net(x[idx]), y[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
        if ep % 2 == 0:
            with torch.no_grad():
                acc = (net(val[0]).argmax(1) == val[1]).float().mean().item()
            print(f"{tag} epoch {ep} loss {loss.item():.3f} valid acc {acc:.3f}")


torch.manual_seed(2)
d = load_digits()
perm = torch.randperm(len(d.target))
x = (torch.tensor(d.data, dtype=torch.float32)[perm] - 4.9) / 6
y = torch.tensor(d.target)[perm]
turned = x.view(-1, 8, 8).transpose(1, 2).flatten(1).contiguous()
net = nn.Sequential(nn.Linear(64, 96), nn.GELU(), nn.Linear(96, 96), nn.GELU(), nn.Linear(96, 10))
fit(net, net.parameters(), x[:1400], y[:1400], 5, 4e-3, "base", (x[1400:], y[1400:]))
with torch.no_grad():
    print("base on transposed digits", (net(turned[1400:]).argmax(1) == y[1400:]).float().mean().item())
for i in (0, 2, 4):
    net[i] = LoRALinear(net[i])
adapters = [p for p in net.parameters() if p.requires_grad]
print("trainable", sum(p.numel() for p in adapters), "of", sum(p.numel() for p in net.parameters()))
fit(net, adapters, turned[:1400], y[:1400], 12, 5e-3, "adapter", (turned[1400:], y[1400:]))
