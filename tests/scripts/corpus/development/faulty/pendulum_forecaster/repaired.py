# researcher's scratch script: forecast a noisy damped pendulum with a GRU
import math
import torch
import torch.nn as nn

torch.manual_seed(100)
dt, T = 0.15, 25


def simulate(n):
    th = (torch.rand(n) - 0.5) * 4
    om = (torch.rand(n) - 0.5) * 2
    k = 0.05 + 0.2 * torch.rand(n)
    traj = []
    for _ in range(T + 1):
        traj.append(th)
        om = om + dt * (-1.5 * torch.sin(th) - k * om)
        th = th + dt * om
    return torch.stack(traj, 1).unsqueeze(-1)


class Forecaster(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(1, 40, batch_first=True)
        self.lin = nn.Linear(40, 1)

    def forward(self, s):
        h, _ = self.gru(s)
        return s + self.lin(h)


train, held_out = simulate(1200), simulate(200)
model = Forecaster()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
history = []
for it in range(400):
    batch = train[torch.randint(0, len(train), (40,))]
    batch = batch + 0.02 * torch.randn_like(batch)
    pred = model(batch[:, :-1])
    loss = ((pred - batch[:, 1:]) ** 2).mean() / dt ** 2
    opt.zero_grad()
    loss.backward()
    opt.step()
    history.append(loss.item())
    if (it + 1) % 50 == 0:
        with torch.no_grad():
            p = model(held_out[:, :-1])
            err = ((p - held_out[:, 1:]) ** 2).mean() / dt ** 2
        print(f"iter {it + 1}  mean of last 50: {sum(history[-50:]) / 50:.5f}  held out: {err.item():.5f}")
