import torch
import torch.nn as nn

torch.manual_seed(83)


def height(p):
    return torch.sin(2.2 * p[:, :1]) * torch.cos(1.8 * p[:, 1:]) + 0.4 * p[:, :1] * p[:, 1:]


pts = torch.rand(3000, 2) * 3 - 1.5
h = height(pts) + 0.03 * torch.randn(3000, 1)
h = (h - h.mean()) / h.std()
grid, grid_h = pts[2500:], h[2500:]
pts, h = pts[:2500], h[:2500]

surface = nn.Sequential(
    nn.Linear(2, 64),
    nn.Tanh(),
    nn.Linear(64, 64),
    nn.Tanh(),
    nn.Linear(64, 1),
)
optimizer = torch.optim.Adam(surface.parameters(), lr=0.01)
log = []
for epoch in range(8):
    order = torch.randperm(len(pts))
    for k in range(0, len(pts), 50):
        sel = order[k:k + 50]
        optimizer.zero_grad()
        residual = surface(pts[sel]) - h[sel]
        loss = (torch.sqrt(1 + residual ** 2) - 1).mean()
        loss.backward()
        optimizer.step()
        log.append(loss.item())
    with torch.no_grad():
        rmse = (surface(grid) - grid_h).pow(2).mean().sqrt().item()
    print("epoch", epoch, "loss", round(sum(log[-50:]) / 50, 4), "grid rmse", round(rmse, 4))
