import torch
from torch import nn

torch.manual_seed(11)


def beats(n, length=40):
    """A spike train with slowly drifting period; target at each step: phase position within the beat, as cos/sin."""
    period = 7 + 5 * torch.rand(n, 1)
    drift = 0.02 * torch.randn(n, 1)
    t = torch.arange(float(length))
    phase = torch.rand(n, 1) + t / period + drift * t / period
    frac = phase % 1.0
    wave = torch.exp(-((frac - 0.5) / 0.08) ** 2) - 0.4 * torch.exp(-((frac - 0.7) / 0.06) ** 2)
    x = (wave + 0.1 * torch.randn(n, length) - 0.1) / 0.35
    ang = 6.2832 * frac
    return x.unsqueeze(2), torch.stack([ang.cos(), ang.sin()], 2)


class PhaseTracker(nn.Module):
    def __init__(self, hidden=48):
        super().__init__()
        self.gru = nn.GRU(1, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 2)

    def forward(self, x):
        return self.out(self.gru(x)[0])


def masked_mse(pred, target, burn_in=12):
    return (pred[:, burn_in:] - target[:, burn_in:]).pow(2).mean()


net = PhaseTracker()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
vx, vy = beats(400)
clipped = 0
for step in range(1, 401):
    x, y = beats(48)
    loss = masked_mse(net(x), y)
    opt.zero_grad()
    loss.backward()
    norm = nn.utils.clip_grad_norm_(net.parameters(), max_norm=0.3)
    clipped += int(norm > 0.3)
    opt.step()
    if step % 80 == 0:
        net.eval()
        with torch.no_grad():
            v = masked_mse(net(vx), vy).item()
        net.train()
        print(f"step {step} loss {loss.item():.4f} valid {v:.4f} clipped {clipped}/{step}")
