"""Count regression: a softplus rate, fitted with the Poisson likelihood."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


def generate(n, seed):
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, size=(n, 5))
    rate = 0.5 + 4 * np.maximum(0, x[:, 0] + x[:, 1]) + 3 * x[:, 2] ** 2
    counts = rng.poisson(rate)
    return (
        torch.from_numpy(x).float(),
        torch.from_numpy(counts).float().unsqueeze(1),
        torch.from_numpy(rate).float().unsqueeze(1),
    )


class RateNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(5, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 1)
        )
        self.positive = nn.Softplus()

    def forward(self, x):
        return self.positive(self.layers(x))


def main(epochs=20):
    torch.manual_seed(90)
    dataset = TensorDataset(*generate(3000, 90))
    train_set, val_set = random_split(dataset, [2500, 500])
    train_loader = DataLoader(train_set, batch_size=100, shuffle=True)
    val_loader = DataLoader(val_set, batch_size=250)

    model = RateNet()
    nll = nn.PoissonNLLLoss(log_input=False, full=True)
    optimizer = torch.optim.NAdam(model.parameters(), lr=6e-3)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=2)

    for epoch in range(epochs):
        model.train()
        losses = []
        for x, counts, _ in train_loader:
            optimizer.zero_grad()
            loss = nll(model(x), counts)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())

        model.eval()
        val, gap = [], []
        with torch.inference_mode():
            for x, counts, rate in val_loader:
                out = model(x)
                val.append(nll(out, counts).item())
                gap.append((out - rate).abs().mean().item())
        plateau.step(sum(val) / len(val))
        if epoch == 0:
            print(f"first loss {losses[0]:.4f}")
        print(
            f"epoch {epoch:2d} train {sum(losses) / len(losses):.4f} "
            f"val {sum(val) / len(val):.4f} rate error {sum(gap) / len(gap):.3f}"
        )


if __name__ == "__main__":
    main()
