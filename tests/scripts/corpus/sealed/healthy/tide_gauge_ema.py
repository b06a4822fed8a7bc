import copy

import torch
import torch.nn as nn


class Ema:
    def __init__(self, model, decay=0.98):
        self.model = copy.deepcopy(model).requires_grad_(False)
        self.decay, self.n = decay, 0

    @torch.no_grad()
    def update(self, model):
        self.n += 1
        d = min(self.decay, (1 + self.n) / (10 + self.n))
        for slow, fast in zip(self.model.parameters(), model.parameters()):
            slow.lerp_(fast, 1 - d)


def gauges(n, g):
    hour = 24 * torch.rand(n, generator=g)
    moon = 29.5 * torch.rand(n, generator=g)
    wind = torch.randn(n, generator=g)
    pressure = torch.randn(n, generator=g)
    level = torch.sin(hour * 2 * torch.pi / 12.4) * (1 + 0.4 * torch.cos(moon * 4 * torch.pi / 29.5))
    level = level + 0.3 * wind * (wind > 0) - 0.25 * pressure + 0.2 * torch.randn(n, generator=g)
    turn = lambda v, period: (torch.sin(2 * torch.pi * v / period), torch.cos(2 * torch.pi * v / period))
    x = torch.stack([*turn(hour, 12.4), *turn(moon, 14.75), wind, pressure], dim=1)
    return x, ((level - 0.12) / 0.85).unsqueeze(1)


torch.manual_seed(10)
g = torch.Generator().manual_seed(10)
x, y = gauges(4000, g)
xt, yt = gauges(1000, g)
net = nn.Sequential(nn.Linear(6, 64), nn.Mish(), nn.Linear(64, 64), nn.Mish(), nn.Linear(64, 1))
ema = Ema(net)
sgd = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.8)
for epoch in range(8):
    fit = 0.0
    for idx in torch.randperm(len(x), generator=g).split(64):
        loss = nn.functional.mse_loss(net(x[idx]), y[idx])
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        ema.update(net)
        fit += loss.item() * len(idx)
    with torch.no_grad():
        raw, avg = (nn.functional.mse_loss(m(xt), yt).item() for m in (net, ema.model))
    print(f"epoch {epoch}: train {fit / len(x):.4f} test {raw:.4f} averaged {avg:.4f}")
