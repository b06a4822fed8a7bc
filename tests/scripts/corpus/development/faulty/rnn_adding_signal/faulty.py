import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(31)


class LeakyMemory(nn.Module):
    """Elman network with a learned read-out at every step."""

    def __init__(self, n_in, n_hidden, gain=1.0):
        super().__init__()
        self.w_in = nn.Linear(n_in, n_hidden)
        self.w_rec = nn.Parameter(torch.empty(n_hidden, n_hidden))
        self.readout = nn.Linear(n_hidden, 1)
        nn.init.orthogonal_(self.w_rec, gain=gain)

    def forward(self, x):
        h = x.new_zeros(x.size(0), self.w_rec.size(0))
        ys = []
        for t in range(x.size(1)):
            h = torch.tanh(self.w_in(x[:, t]) + h @ self.w_rec)
            ys.append(self.readout(h))
        return torch.cat(ys, dim=1)


def batch(n=32, T=50):
    """target: exponentially smoothed version of the input, delayed by two steps"""
    x = torch.randn(n, T)
    y = torch.zeros(n, T)
    s = torch.zeros(n)
    for t in range(T):
        s = 0.7 * s + (x[:, t - 2] if t >= 2 else 0.0) * 0.7
        y[:, t] = s
    return x.unsqueeze(-1), y


net = LeakyMemory(1, 48, gain=2.5)
optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)
history = []
for step in range(1, 401):
    x, y = batch()
    loss = F.mse_loss(net(x), y)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    history.append(loss.item())
    if step % 50 == 0:
        print(step, sum(history[-50:]) / 50)
