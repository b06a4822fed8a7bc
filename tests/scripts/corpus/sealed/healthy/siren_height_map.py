import math
import torch
from torch import nn


class Sine(nn.Module):
    def __init__(self, n_in, n_out, omega=15.0, first=False):
        super().__init__()
        self.omega = omega
        self.lin = nn.Linear(n_in, n_out)
        bound = 1 / n_in if first else math.sqrt(6 / n_in) / omega
        nn.init.uniform_(self.lin.weight, -bound, bound)

    def forward(self, x):
        return torch.sin(self.omega * self.lin(x))


def height(xy):
    x, y = xy[:, 0], xy[:, 1]
    h = torch.sin(5 * x + 2 * torch.sin(4 * y)) + 0.5 * torch.cos(9 * (x * y)) + torch.exp(-6 * (x ** 2 + y ** 2))
    return (h - 0.35) / 0.8


def psnr(mse):
    return 10 * math.log10(16.0 / mse)


torch.manual_seed(17)
field = nn.Sequential(Sine(2, 48, first=True), Sine(48, 48), Sine(48, 48), nn.Linear(48, 1))
opt = torch.optim.Adam(field.parameters(), lr=5e-4)
grid = torch.cartesian_prod(torch.linspace(-1, 1, 40), torch.linspace(-1, 1, 40))
truth = height(grid)
for it in range(1, 501):
    xy = 2 * torch.rand(300, 2) - 1
    loss = (field(xy).squeeze(1) - height(xy)).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 100 == 0 or it == 1:
        with torch.no_grad():
            m = (field(grid).squeeze(1) - truth).pow(2).mean().item()
        print(f"it {it} loss {loss.item():.5f} grid mse {m:.5f} psnr {psnr(m):.1f}")
