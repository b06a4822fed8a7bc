import math
import torch
from torch import nn

torch.manual_seed(8)


class ChargeRNN(nn.Module):
    """Reads a stream of current pulses, estimates the (leaky) charge at the end."""
    def __init__(self, hidden=64):
        super().__init__()
        self.w_in = nn.Parameter(torch.randn(2, hidden) * 0.3)
        self.w_rec = nn.Parameter(torch.randn(hidden, hidden) * (2.2 / math.sqrt(hidden)))
        self.b = nn.Parameter(torch.zeros(hidden))
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        h = torch.zeros(x.size(0), self.b.numel())
        for t in range(x.size(1)):
            h = torch.tanh(x[:, t] @ self.w_in + h @ self.w_rec + self.b)
        return self.out(h).squeeze(1)


def stream(n, length=30):
    pulses = (torch.rand(n, length) < 0.3).float() * torch.randn(n, length)
    clock = torch.linspace(-1, 1, length).expand(n, length)
    charge = torch.zeros(n)
    for t in range(length):
        charge = 0.8 * charge + pulses[:, t]
    return torch.stack([pulses, clock], dim=2), charge / 0.9


net = ChargeRNN()
opt = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
val_x, val_y = stream(500)
for step in range(1, 401):
    x, y = stream(64)
    loss = (net(x) - y).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    gn = torch.sqrt(sum(p.grad.pow(2).sum() for p in net.parameters())).item()
    opt.step()
    if step in (1, 2, 5, 20) or step % 100 == 0:
        with torch.no_grad():
            v = (net(val_x) - val_y).pow(2).mean().item()
        print(f"step {step} train {loss.item():.3f} valid {v:.3f} grad norm {gn:.2e}")
