# sum of marked numbers (adding problem), short version
import torch
import torch.nn as nn

torch.manual_seed(44)


def adding(n, T=16):
    v = torch.rand(n, T) * 2 - 1
    m = torch.zeros(n, T)
    half = T // 2
    a = torch.randint(0, half, (n,))
    b = torch.randint(half, T, (n,))
    r = torch.arange(n)
    m[r, a] = 1
    m[r, b] = 1
    return torch.stack([v, m], -1), (v * m).sum(1)


class Adder(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(2, 48, batch_first=True)
        self.fc = nn.Linear(48, 1)

    def forward(self, x):
        _, h = self.gru(x)
        return self.fc(h[-1]).squeeze(-1)


net = Adder()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
mse = nn.MSELoss()
norms = []
for step in range(1, 501):
    x, y = adding(64)
    opt.zero_grad()
    loss = mse(net(x), y)
    loss.backward()
    norms.append(nn.utils.clip_grad_norm_(net.parameters(), max_norm=2.0).item())
    opt.step()
    if step % 100 == 0:
        with torch.no_grad():
            x, y = adding(500)
            print(step, 'test mse', round(mse(net(x), y).item(), 4), 'clipped', sum(n > 2.0 for n in norms[-100:]))
