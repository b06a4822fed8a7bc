import torch
from sklearn.datasets import make_friedman1
from torch import nn


class ResidualBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 2 * width)
        self.down = nn.Linear(2 * width, width)

    def forward(self, x):
        return x + self.down(torch.relu(self.up(self.norm(x))))


class Tower(nn.Module):
    def __init__(self, n_features, width=24, depth=3):
        super().__init__()
        self.stem = nn.Linear(n_features, width)
        self.blocks = nn.ModuleList([ResidualBlock(width) for _ in range(depth)])
        self.head = nn.Linear(width, 1)

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.head(x).squeeze(-1)


def main():
    torch.manual_seed(6)
    X, y = make_friedman1(n_samples=2000, n_features=10, noise=0.5, random_state=6)
    X = torch.tensor(X, dtype=torch.float32)
    y = torch.tensor((y - y.mean()) / y.std(), dtype=torch.float32)
    model = Tower(X.shape[1])
    print("trainable parameters:", sum(p.numel() for p in model.parameters()))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    loss_fn = nn.MSELoss()
    steps = 0
    for epoch in range(8):
        for idx in torch.randperm(1800).split(50):
            loss = loss_fn(model(X[idx]), y[idx])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            steps += 1
        with torch.no_grad():
            val = loss_fn(model(X[1800:]), y[1800:])
        print(f"epoch {epoch} steps {steps} train {loss.item():.4f} val {val.item():.4f}")


if __name__ == "__main__":
    main()
