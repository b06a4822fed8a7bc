"""Handling effort of a basket from the (unordered) items in it."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(3)

N, K, D = 4000, 10, 6
items = torch.randn(N, K, D)
present = (torch.rand(N, K) < 0.4 + 0.6 * torch.rand(N, 1)).float()
wa, wb = torch.randn(D) / D ** 0.5, torch.randn(D) / D ** 0.5
value = F.relu(items @ wa) + 0.6 * torch.sin(2 * (items @ wb))
effort = (value * present).sum(1) + 0.1 * torch.randn(N)
train, test = torch.arange(0, 3200), torch.arange(3200, N)
effort = (effort - effort[train].mean()) / effort[train].std()


phi = nn.Sequential(nn.Linear(D, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
rho = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))


def predict(idx):
    h = phi(items[idx]) * present[idx].unsqueeze(-1)
    return rho(h.sum(1) / K ** 0.5).squeeze(-1)


def r2(idx):
    with torch.no_grad():
        err = (predict(idx) - effort[idx]).pow(2).mean()
    return 1 - (err / effort[idx].var()).item()


# the item network is trained more gently than the head
opt_phi = torch.optim.Adam(phi.parameters(), lr=2e-3)
opt_rho = torch.optim.Adam(rho.parameters(), lr=3e-3)

for epoch in range(10):
    order = train[torch.randperm(len(train))]
    seen = 0.0
    for idx in order.split(64):
        loss = F.mse_loss(predict(idx), effort[idx])
        opt_rho.zero_grad()
        loss.backward()
        opt_phi.step()
        opt_rho.step()
        seen += loss.item() * len(idx)
    print(f"epoch {epoch}: mse {seen / len(train):.4f}  test r2 {r2(test):.3f}")
