"""Semi-supervised node classification with a dense-adjacency GCN."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def planted_partition(n_per, k, p_in, p_out, gen):
    n = n_per * k
    label = torch.arange(k).repeat_interleave(n_per)
    prob = torch.where(label[:, None] == label[None, :], p_in, p_out)
    upper = (torch.rand(n, n, generator=gen) < prob).float().triu(1)
    return upper + upper.T, label


def normalise(adj):
    a = adj + torch.eye(len(adj))
    d = a.sum(1).rsqrt()
    return d[:, None] * a * d[None, :]


class GraphConv(nn.Module):
    def __init__(self, fin, fout):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(fin, fout))
        self.bias = nn.Parameter(torch.zeros(fout))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, x, a_hat):
        return a_hat @ (x @ self.weight) + self.bias


class GCN(nn.Module):
    def __init__(self, fin, hid, k, p=0.4):
        super().__init__()
        self.gc1, self.gc2, self.p = GraphConv(fin, hid), GraphConv(hid, k), p

    def forward(self, x, a_hat):
        h = F.dropout(F.relu(self.gc1(x, a_hat)), self.p, self.training)
        return F.log_softmax(self.gc2(h, a_hat), dim=1)


torch.manual_seed(12)
gen = torch.Generator().manual_seed(12)
adj, y = planted_partition(60, 4, 0.15, 0.02, gen)
x = 1.5 * F.one_hot(y, 4).float() @ torch.randn(4, 20, generator=gen) * 0.4
x = x + torch.randn(240, 20, generator=gen)
order = torch.randperm(240, generator=gen)
train_idx, test_idx = order[:60], order[60:]

a_hat = normalise(adj)
model = GCN(20, 16, 4)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
for epoch in range(200):
    model.train()
    optimizer.zero_grad()
    out = model(x, a_hat)
    loss = F.nll_loss(out[train_idx], y[train_idx])
    loss.backward()
    optimizer.step()
    if epoch % 20 == 19:
        model.eval()
        with torch.no_grad():
            pred = model(x, a_hat).argmax(1)
        acc = (pred[test_idx] == y[test_idx]).float().mean().item()
        print(f"Epoch: {epoch + 1:03d}, Loss: {loss.item():.4f}, Test: {acc:.4f}")
