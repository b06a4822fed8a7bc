import torch
from torch import nn


class Graph:
    def __init__(self, nodes=400, groups=4, seed=7):
        g = torch.Generator().manual_seed(seed)
        self.y = torch.randint(0, groups, (nodes,), generator=g)
        p = torch.where(self.y[:, None] == self.y[None], 0.05, 0.01)
        upper = torch.bernoulli(p, generator=g).triu(1)
        adj = upper + upper.T
        deg = adj.sum(1).clamp(min=1)
        self.adj = adj / deg[:, None]
        proto = torch.randn(groups, 20, generator=g)
        x = 0.3 * proto[self.y] + torch.randn(nodes, 20, generator=g)
        self.x = (x - x.mean(0)) / x.std(0)
        order = torch.randperm(nodes, generator=g)
        self.train, self.test = order[:200], order[200:]


class Conv(nn.Module):
    def __init__(self, a, b):
        super().__init__()
        self.self_ = nn.Linear(a, b)
        self.neigh = nn.Linear(a, b, bias=False)

    def forward(self, adj, h):
        return self.self_(h) + self.neigh(adj @ h)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c2 = Conv(20, 32), Conv(32, 4)

    def forward(self, g):
        h = torch.tanh(self.c1(g.adj, g.x))
        h = nn.functional.dropout(h, 0.3, self.training)
        return self.c2(g.adj, h)


torch.manual_seed(912)
g = Graph()
net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=2e-2, weight_decay=1e-3)
for epoch in range(300):
    net.train()
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(net(g)[g.train], g.y[g.train])
    loss.backward()
    optimizer.step()
    if epoch % 50 == 49:
        net.eval()
        with torch.no_grad():
            acc = (net(g).argmax(1) == g.y)[g.test].float().mean()
        print(f"epoch {epoch + 1} loss {loss.item():.4f} test acc {acc.item():.3f}")
