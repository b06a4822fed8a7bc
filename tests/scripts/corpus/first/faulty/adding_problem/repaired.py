from typing import Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Summer(nn.Module):
    """Plain recurrent net that reads (value, marker) pairs."""

    def __init__(self, hidden: int = 24):
        super().__init__()
        self.rnn = nn.RNN(2, hidden, batch_first=True)
        self.readout = nn.Linear(hidden, 2)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        for weight in self.parameters():
            nn.init.uniform_(weight, -0.3, 0.3)

    def forward(self, x: Tensor) -> Tensor:
        _, last = self.rnn(x)
        return self.readout(last.squeeze(0))


def sample(batch: int, length: int) -> Tuple[Tensor, Tensor]:
    value = torch.rand(batch, length) * 2 - 1
    marker = torch.where(torch.rand(batch, length) < 0.5, 1.0, -1.0)
    up = (value * (marker > 0)).sum(1)
    down = (value * (marker < 0)).sum(1)
    return torch.stack([value, marker], dim=2), torch.stack([up, down], dim=1)


def main() -> None:
    torch.manual_seed(55)
    net = Summer()
    opt = torch.optim.Adam(net.parameters(), lr=5e-3)
    avg = None
    for step in range(1, 451):
        x, target = sample(64, 6)
        loss = F.mse_loss(net(x), target)
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        avg = loss.item() if avg is None else 0.95 * avg + 0.05 * loss.item()
        if step % 50 == 0:
            print(f"step {step:3d}: running mse {avg:.4f}")


if __name__ == "__main__":
    main()
