"""Self-supervised: two jittered views of the same motor current curve attract each other (NT-Xent)."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(7)
LENGTH, KINDS = 48, 6
t = torch.linspace(0, 1, LENGTH)
coef = torch.randn(KINDS, 5)


def curves(n):
    kind = torch.randint(KINDS, (n,))
    c = coef[kind] + 0.35 * torch.randn(n, 5)
    x = sum(c[:, k, None] * torch.sin(2 * torch.pi * (k + 1) * t) for k in range(5))
    return x / 1.6, kind


def view(x):
    gain = 1 + 0.2 * torch.randn(len(x), 1)
    shifted = torch.roll(x, int(torch.randint(-2, 3, (1,))), dims=1)
    return gain * shifted + 0.15 * torch.randn_like(x)


def nt_xent(a, b, tau=0.3):
    z = F.normalize(torch.cat([a, b]), dim=1)
    sim = z @ z.t() / tau
    sim = sim.masked_fill(torch.eye(len(z), dtype=torch.bool), float("-inf"))
    n = len(a)
    partner = torch.cat([torch.arange(n, 2 * n), torch.arange(n)])
    return F.cross_entropy(sim, partner)


encoder = nn.Sequential(nn.Linear(LENGTH, 96), nn.ReLU(), nn.Linear(96, 48), nn.ReLU())
projector = nn.Sequential(nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 16))
x, kind = curves(3000)
xt, kt = curves(600)


@torch.no_grad()
def knn_accuracy():
    ref, qry = F.normalize(encoder(x), dim=1), F.normalize(encoder(xt), dim=1)
    near = (qry @ ref.t()).topk(7, dim=1).indices
    return (kind[near].mode(1).values == kt).float().mean().item()


opt = torch.optim.Adam([*encoder.parameters(), *projector.parameters()], lr=1e-3)
for epoch in range(10):
    total, batches = 0.0, torch.randperm(len(x)).split(100)
    for idx in batches:
        loss = nt_xent(projector(encoder(view(x[idx]))), projector(encoder(view(x[idx]))))
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item()
    print(f"epoch {epoch}: nt-xent {total / len(batches):.3f} 7-nn accuracy {knn_accuracy():.3f}")
