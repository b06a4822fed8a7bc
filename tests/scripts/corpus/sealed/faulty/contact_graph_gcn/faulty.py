import torch
from torch import nn


class GraphConv(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.lin = nn.Linear(n_in, n_out)

    def forward(self, x, adj):
        return adj @ self.lin(x)


class GCN(nn.Module):
    def __init__(self, n_in=5, width=48, classes=3):
        super().__init__()
        self.g1 = GraphConv(n_in, width)
        self.g2 = GraphConv(width, width)
        self.g3 = GraphConv(width, width)
        self.cls = nn.Linear(width, classes)

    def forward(self, x, adj):
        x = self.g1(x, adj)
        x = self.g2(x, adj)
        x = torch.relu(self.g3(x, adj))
        return self.cls(x.mean(dim=1))


def graphs(n, gen, nodes=10):
    """Random contact graphs; the label bins the size of the neighbourhood averages."""
    a = (torch.rand(n, nodes, nodes, generator=gen) < 0.3).float().triu(1)
    a = a + a.transpose(1, 2)
    x = torch.randn(n, nodes, 5, generator=gen)
    a_hat = a + torch.eye(nodes)
    d = a_hat.sum(-1).rsqrt()
    adj = d[:, :, None] * a_hat * d[:, None, :]
    h = adj @ x
    energy = (h[..., 0].abs() + (h[..., 1] - h[..., 2]).abs()).mean(1)
    y = torch.bucketize(energy, energy.quantile(torch.tensor([1 / 3, 2 / 3])))
    return x, adj, y


torch.manual_seed(27)
gen = torch.Generator().manual_seed(27)
x, adj, y = graphs(4000, gen)
vx, vadj, vy = graphs(900, gen)
net = GCN()
opt = torch.optim.Adam(net.parameters(), lr=4e-3)
sched = torch.optim.lr_scheduler.StepLR(opt, step_size=5, gamma=0.5)
ce = nn.CrossEntropyLoss()
for epoch in range(14):
    total = 0.0
    for idx in torch.randperm(len(x)).split(125):
        opt.zero_grad()
        loss = ce(net(x[idx], adj[idx]), y[idx])
        loss.backward()
        opt.step()
        total += loss.item() / 32
    sched.step()
    with torch.no_grad():
        acc = (net(vx, vadj).argmax(1) == vy).float().mean().item()
    print(f"epoch {epoch} loss {total:.4f} valid acc {acc:.3f}")
