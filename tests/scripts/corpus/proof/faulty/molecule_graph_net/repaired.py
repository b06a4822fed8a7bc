import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(66)
NODES, KINDS = 10, 5


def molecules(n):
    """random graphs with typed nodes; the target counts weighted contacts between types"""
    kind = torch.randint(0, KINDS, (n, NODES))
    adj = (torch.rand(n, NODES, NODES) < 0.3).float().triu(1)
    adj = adj + adj.transpose(1, 2)
    x = F.one_hot(kind, KINDS).float()
    affinity = torch.linspace(-1, 1, KINDS * KINDS).reshape(KINDS, KINDS)
    affinity = affinity + affinity.T
    contact = torch.einsum("nik,kl,njl->nij", x, affinity, x)
    y = (contact * adj).sum((1, 2))
    return x, adj, (y / 9.0)[:, None]


class GraphNet(nn.Module):
    def __init__(self, h=40):
        super().__init__()
        self.own = nn.ModuleList([nn.Linear(KINDS, h), nn.Linear(h, h)])
        self.nbr = nn.ModuleList([nn.Linear(KINDS, h, bias=False), nn.Linear(h, h, bias=False)])
        self.read = nn.Sequential(nn.Linear(h, 32), nn.Tanh(), nn.Linear(32, 1))

    def forward(self, x, adj):
        for own, nbr in zip(self.own, self.nbr):
            x = F.relu(own(x) + nbr(adj @ x / 3))
        return self.read(x.mean(1))


x, adj, y = molecules(2400)
xv, av, yv = molecules(400)
model = GraphNet()
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
for epoch in range(8):
    model.train()
    tot = 0.0
    for idx in torch.randperm(2400).split(48):
        loss = F.mse_loss(model(x[idx], adj[idx]), y[idx])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm=2.0)
        optimizer.step()
        tot += loss.item() / 50
    model.eval()
    with torch.no_grad():
        v = F.mse_loss(model(xv, av), yv).item()
    print(f"epoch {epoch}: train {tot:.4f} val {v:.4f} (target var {yv.var().item():.3f})")
