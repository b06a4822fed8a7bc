import torch
from torch import nn

torch.manual_seed(15)
LISTENERS, SONGS, K = 150, 100, 8


class Factors(nn.Module):
    def __init__(self):
        super().__init__()
        self.p = nn.Embedding(LISTENERS, K, sparse=True)
        self.q = nn.Embedding(SONGS, K, sparse=True)
        nn.init.normal_(self.p.weight, std=0.2)
        nn.init.normal_(self.q.weight, std=0.2)
        self.song_bias = nn.Parameter(torch.zeros(SONGS))
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, u, s):
        return self.scale * (self.p(u) * self.q(s)).sum(1) + self.song_bias[s]


def plays(n):
    taste, style, hits = torch.randn(LISTENERS, 3), torch.randn(SONGS, 3), 0.5 * torch.randn(SONGS)
    u, s = torch.randint(0, LISTENERS, (n,)), torch.randint(0, SONGS, (n,))
    r = (taste[u] * style[s]).sum(1) / 1.7 + hits[s] + 0.2 * torch.randn(n)
    return u, s, (r - r.mean()) / r.std()


u, s, r = plays(13000)
model = Factors()
sparse_opt = torch.optim.SparseAdam([model.p.weight, model.q.weight], lr=1e-2)
dense_opt = torch.optim.SGD([model.song_bias, model.scale], lr=0.5)
tr = 11000
for epoch in range(8):
    order, total = torch.randperm(tr), 0.0
    for idx in order.split(200):
        err = model(u[idx], s[idx]) - r[idx]
        loss = err.pow(2).mean() + 0.01 * (model.p(u[idx]).pow(2).mean() + model.q(s[idx]).pow(2).mean())
        sparse_opt.zero_grad()
        dense_opt.zero_grad()
        loss.backward()
        sparse_opt.step()
        dense_opt.step()
        total += loss.item() / 55
    with torch.no_grad():
        v = (model(u[tr:], s[tr:]) - r[tr:]).pow(2).mean().item()
    print(f"epoch {epoch} train {total:.4f} valid mse {v:.4f}")
