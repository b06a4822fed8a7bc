import numpy as np
import torch
import torch.nn as nn

TYPES = 4


def random_graph(rng):
    n = int(rng.integers(6, 14))
    kind = rng.integers(0, TYPES, n)
    src = np.arange(1, n)
    dst = np.array([rng.integers(0, i) for i in src])           # a random tree ...
    extra = rng.integers(0, n, (3, 2))                            # ... and a few rings
    src, dst = np.r_[src, extra[:, 0]], np.r_[dst, extra[:, 1]]
    polar = ((kind[src] == 0) & (kind[dst] == 1)) | ((kind[src] == 1) & (kind[dst] == 0))
    stiff = (kind[src] == 2) & (kind[dst] == 2)
    y = 1.5 * polar.sum() - 2.0 * stiff.sum() + 0.1 * rng.standard_normal()
    edges = np.stack([np.r_[src, dst], np.r_[dst, src]])
    return kind, edges, y


def collate(graphs):
    sizes = np.array([len(g[0]) for g in graphs])
    starts = np.r_[0, np.cumsum(sizes)[:-1]]
    x = torch.eye(TYPES)[torch.from_numpy(np.concatenate([g[0] for g in graphs]))]
    edges = torch.from_numpy(np.concatenate([g[1] + s for g, s in zip(graphs, starts)], axis=1))
    y = torch.tensor([g[2] for g in graphs], dtype=torch.float32)
    return x, edges, sizes, starts, y


class Conv(nn.Module):
    def __init__(self, d_in, d_out):
        super().__init__()
        self.own, self.nbr = nn.Linear(d_in, d_out), nn.Linear(d_in, d_out, bias=False)

    def forward(self, h, edges):
        msg = torch.zeros_like(h).index_add(0, edges[1], h[edges[0]])
        return torch.relu(self.own(h) + self.nbr(msg))


class GraphNet(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.convs = nn.ModuleList([Conv(TYPES, width), Conv(width, width)])
        self.head = nn.Sequential(nn.Linear(width, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, x, edges, sizes, starts):
        h = x
        for conv in self.convs:
            h = conv(h, edges)
        pooled = torch.from_numpy(np.add.reduceat(h.detach().numpy(), starts, axis=0))
        return self.head(pooled / 10).squeeze(-1)


torch.manual_seed(5)
rng = np.random.default_rng(5)
graphs = [random_graph(rng) for _ in range(2400)]
mean = np.mean([g[2] for g in graphs[:2000]])
std = np.std([g[2] for g in graphs[:2000]])
graphs = [(k, e, (y - mean) / std) for k, e, y in graphs]
train, test = graphs[:2000], collate(graphs[2000:])
model = GraphNet()
opt = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-4)
for epoch in range(10):
    order, total = rng.permutation(len(train)), 0.0
    for lo in range(0, len(order), 50):
        *inputs, y = collate([train[i] for i in order[lo:lo + 50]])
        loss = nn.functional.mse_loss(model(*inputs), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item()
    with torch.no_grad():
        test_mse = nn.functional.mse_loss(model(*test[:-1]), test[-1]).item()
    print(f"epoch {epoch}: train {total / 40:.4f} test {test_mse:.4f}")
