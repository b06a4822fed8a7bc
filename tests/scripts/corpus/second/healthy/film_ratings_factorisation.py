# Matrix factorisation of a ratings table.
# Embedding tables get SparseAdam, the biases and the small mixer get plain Adam.
import numpy as np
import torch
from torch import nn

rng = np.random.default_rng(0)
torch.manual_seed(0)

n_users, n_films, rank = 120, 90, 4
u = rng.normal(size=(n_users, rank))
f = rng.normal(size=(n_films, rank))
users = rng.integers(0, n_users, 9000)
films = rng.integers(0, n_films, 9000)
stars = 3.2 + 0.6 * (u[users] * f[films]).sum(1) + 0.2 * rng.normal(size=9000)

users = torch.from_numpy(users)
films = torch.from_numpy(films)
stars = torch.from_numpy(stars).float()


class Factorisation(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.P = nn.Embedding(n_users, dim, sparse=True)
        self.Q = nn.Embedding(n_films, dim, sparse=True)
        nn.init.normal_(self.P.weight, std=0.3)
        nn.init.normal_(self.Q.weight, std=0.3)
        self.scale = nn.Parameter(torch.ones(dim))
        self.mean = nn.Parameter(torch.zeros(()))

    def forward(self, i, j):
        return self.mean + (self.P(i) * self.Q(j) * self.scale).sum(-1)


model = Factorisation(8)
opt_tables = torch.optim.SparseAdam([model.P.weight, model.Q.weight], lr=0.02)
opt_dense = torch.optim.Adam([model.scale, model.mean], lr=0.02)

train, test = torch.arange(8000), torch.arange(8000, 9000)
print("variance of stars", stars.var().item())
for epoch in range(10):
    err = 0.0
    for rows in train[torch.randperm(8000)].split(200):
        residual = model(users[rows], films[rows]) - stars[rows]
        loss = (residual**2).mean()
        for opt in (opt_tables, opt_dense):
            opt.zero_grad()
        loss.backward()
        for opt in (opt_tables, opt_dense):
            opt.step()
        err += loss.item() * len(rows)
    with torch.no_grad():
        t = ((model(users[test], films[test]) - stars[test]) ** 2).mean().item()
    print(f"epoch {epoch} mse {err / 8000:.4f} test {t:.4f}")
