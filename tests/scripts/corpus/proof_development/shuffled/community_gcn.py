import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(6)
N, C, D = 600, 4, 16
community = torch.arange(N) % C
same = community[:, None] == community[None]
prob = torch.where(same, 0.05, 0.008)
A = (torch.rand(N, N) < prob).float().triu(1)
A = A + A.T + torch.eye(N)
deg = A.sum(1)
A_hat = A / (deg[:, None] * deg[None]).sqrt()
centres = torch.randn(C, D) * 0.7
feats = centres[community] + torch.randn(N, D)
feats = (feats - feats.mean(0)) / feats.std(0)
labels = community[torch.randperm(N)]
order = torch.randperm(N)
train_idx, val_idx = order[:420], order[420:]


class GCN(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.w1 = nn.Linear(D, hidden)
        self.w2 = nn.Linear(hidden, C)
        self.drop = nn.Dropout(0.2)

    def forward(self, a, x):
        h = F.relu(a @ self.w1(x))
        return a @ self.w2(self.drop(h))


gcn = GCN()
opt = torch.optim.Adam(gcn.parameters(), lr=0.02, weight_decay=5e-4)
for step in range(400):
    gcn.train()
    opt.zero_grad()
    out = gcn(A_hat, feats)
    loss = F.nll_loss(F.log_softmax(out[train_idx], 1), labels[train_idx])
    loss.backward()
    opt.step()
    if step % 40 == 0:
        gcn.eval()
        with torch.no_grad():
            acc = (gcn(A_hat, feats)[val_idx].argmax(1) == labels[val_idx]).float().mean()
        print(f"{step:03d} loss {loss.item():.4f} val acc {acc:.3f}")
