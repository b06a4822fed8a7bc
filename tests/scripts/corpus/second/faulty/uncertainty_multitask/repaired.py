"""Two-task regression and classification with homoscedastic uncertainty weighting."""

import torch
import torch.nn as nn
import torch.nn.functional as F

STEPS = 400


def sample_plants(n, gen):
    x = torch.randn(n, 12, generator=gen)
    height = 3 * torch.sin(x[:, 0]) + x[:, 1] * x[:, 2] + 0.3 * torch.randn(n, generator=gen)
    score = torch.stack([x[:, 3] + x[:, 0], x[:, 4] - x[:, 1], x[:, 5] * 1.5], dim=1)
    species = score.argmax(dim=1)
    return x, height, species


class SharedNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.shared = nn.Sequential(nn.Linear(12, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU())
        self.height_head = nn.Linear(64, 1)
        self.species_head = nn.Linear(64, 3)

    def forward(self, x):
        h = self.shared(x)
        return self.height_head(h).squeeze(-1), self.species_head(h)


class UncertaintyWeighting(nn.Module):
    """Kendall et al., 2018: one log-variance per task."""

    def __init__(self, n_tasks):
        super().__init__()
        self.log_var = nn.Parameter(torch.zeros(n_tasks))

    def forward(self, losses):
        total = 0.0
        for s, value in zip(self.log_var, losses):
            total = total + torch.exp(-s) * value + 0.5 * s
        return total


def main():
    torch.manual_seed(4)
    gen = torch.Generator().manual_seed(4)
    net = SharedNet()
    weighting = UncertaintyWeighting(2)
    optimizer = torch.optim.Adam([*net.parameters(), *weighting.parameters()], lr=3e-3)

    for step in range(STEPS):
        x, height, species = sample_plants(96, gen)
        pred_height, species_logits = net(x)
        mse = F.mse_loss(pred_height, height)
        ce = F.cross_entropy(species_logits, species)
        loss = weighting([mse, ce])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if (step + 1) % 50 == 0:
            weights = torch.exp(-weighting.log_var).tolist()
            print(
                f"step {step + 1:3d} | mse {mse.item():.3f} | ce {ce.item():.3f} | "
                f"weights {weights[0]:.2f} {weights[1]:.2f}"
            )


main()
