# two-layer GCN on a stochastic block model, semi-supervised
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(101)
N, C, FEAT = 300, 3, 16

y = torch.arange(N) % C
same = y[:, None] == y[None, :]
prob = torch.where(same, torch.tensor(0.08), torch.tensor(0.02))
upper = torch.triu(torch.rand(N, N) < prob, diagonal=1).float()
A = upper + upper.T + torch.eye(N)
d = A.sum(1).rsqrt()
A_hat = d[:, None] * A * d[None, :]
centres = torch.randn(C, FEAT)
X = 0.6 * centres[y] + torch.randn(N, FEAT)
X = (X - X.mean(0)) / X.std(0)
perm = torch.randperm(N)
train_mask, val_mask = perm[:150], perm[150:]


class GraphConv(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.lin = nn.Linear(i, o)

    def forward(self, x):
        return A_hat @ self.lin(x)


class GCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.g1, self.g2 = GraphConv(FEAT, 16), GraphConv(16, C)

    def forward(self, x):
        h = F.dropout(F.relu(self.g1(x)), 0.4, self.training)
        return F.log_softmax(self.g2(h), dim=1)


net = GCN()
opt = torch.optim.Adam(net.parameters(), lr=0.01, weight_decay=5e-3)
for epoch in range(250):
    net.train()
    opt.zero_grad()
    loss = F.nll_loss(net(X)[train_mask], y[train_mask])
    loss.backward()
    opt.step()
    if epoch % 50 == 49:
        net.eval()
        with torch.no_grad():
            lp = net(X)
            print(f'{epoch + 1} train {loss.item():.3f} val {F.nll_loss(lp[val_mask], y[val_mask]).item():.3f} acc {(lp[val_mask].argmax(1) == y[val_mask]).float().mean().item():.3f}')
