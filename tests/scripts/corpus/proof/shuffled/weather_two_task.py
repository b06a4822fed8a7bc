import torch
import torch.nn as nn

torch.manual_seed(29)
n = 3200
readings = torch.randn(n, 9)
pressure_drop = readings[:, 0] - 0.8 * readings[:, 1] * readings[:, 2]
rain = (pressure_drop + 0.3 * torch.randn(n) > 0.2).float()
degrees = torch.tanh(readings[:, 3]) + 0.5 * readings[:, 4] - 0.4 * readings[:, 5].abs() + 0.1 * torch.randn(n)
degrees = (degrees - degrees.mean()) / degrees.std()
targets = torch.stack([rain, degrees], 1)
targets = targets[torch.randperm(n)]


class Weather(nn.Module):
    def __init__(self):
        super().__init__()
        self.shared = nn.Sequential(nn.Linear(9, 64), nn.Tanh(), nn.Linear(64, 32), nn.Tanh())
        self.rain = nn.Linear(32, 1)
        self.temp = nn.Linear(32, 1)

    def forward(self, x):
        h = self.shared(x)
        return {"rain": self.rain(h).squeeze(1), "temp": self.temp(h).squeeze(1)}


net = Weather()
optimizer = torch.optim.SGD([
    {"params": net.shared.parameters()},
    {"params": list(net.rain.parameters()) + list(net.temp.parameters()), "lr": 0.05},
], lr=0.1, momentum=0.9)
bce, mse = nn.BCEWithLogitsLoss(), nn.MSELoss()
for epoch in range(7):
    net.train()
    a = b = 0.0
    batches = torch.randperm(2600).split(52)
    for idx in batches:
        out = net(readings[idx])
        l1, l2 = bce(out["rain"], targets[idx, 0]), mse(out["temp"], targets[idx, 1])
        optimizer.zero_grad()
        (l1 + l2).backward()
        optimizer.step()
        a, b = a + l1.item(), b + l2.item()
    net.eval()
    with torch.no_grad():
        out = net(readings[2600:])
        acc = ((out["rain"] > 0).float() == targets[2600:, 0]).float().mean()
        v = mse(out["temp"], targets[2600:, 1])
    print(f"epoch {epoch} rain {a / len(batches):.4f} temp {b / len(batches):.4f} | val acc {acc:.3f} mse {v:.4f}")
