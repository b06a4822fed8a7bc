import torch
from torch import nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.manual_seed(11)
X, y = load_digits(return_X_y=True)
X = torch.tensor(X / 16.0, dtype=torch.float32) - 0.3
y = torch.tensor(y)
tr, va = train_test_split(range(len(y)), test_size=0.25, random_state=0, stratify=y)
tr, va = torch.tensor(tr), torch.tensor(va)


def pairwise_distances(e):
    diff = e.unsqueeze(0) - e.unsqueeze(1)
    sq = diff.pow(2).sum(-1)
    return sq.sqrt()


def batch_hard(e, labels, margin=0.5):
    d = pairwise_distances(e)
    same = labels[:, None] == labels[None, :]
    hardest_pos = (d * same).max(dim=1).values
    hardest_neg = (d + 1e3 * same).min(dim=1).values
    return nn.functional.softplus(hardest_pos - hardest_neg + margin).mean()


class Embedder(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(64, 96), nn.GELU(), nn.Linear(96, 64), nn.GELU(), nn.Linear(64, dim))

    def forward(self, x):
        return self.body(x)


@torch.no_grad()
def knn_accuracy(net):
    net.eval()
    d = torch.cdist(net(X[va]), net(X[tr]))
    net.train()
    return (y[tr][d.argmin(1)] == y[va]).float().mean().item()


net = Embedder()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
step = 0
for epoch in range(14):
    order = tr[torch.randperm(len(tr))]
    for i in range(0, len(order) - 63, 64):
        idx = order[i:i + 64]
        loss = batch_hard(net(X[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        step += 1
    print(f"epoch {epoch} step {step} triplet {loss.item():.4f}  1-nn acc {knn_accuracy(net):.3f}")
