import argparse
import torch
from torch import nn
from sklearn.datasets import make_friedman1

parser = argparse.ArgumentParser(description="Friedman #1 with a batch-normalised MLP")
parser.add_argument("--batch-size", type=int, default=2)
parser.add_argument("--steps", type=int, default=600)
parser.add_argument("--lr", type=float, default=2e-3)
parser.add_argument("--hidden", type=int, default=64)
opts = parser.parse_args()

torch.manual_seed(14)
X, t = make_friedman1(n_samples=3000, noise=0.5, random_state=14)
X = torch.tensor(X, dtype=torch.float32) * 2 - 1
t = torch.tensor(t, dtype=torch.float32).unsqueeze(1)
X, X_test, t, t_test = X[:2400], X[2400:], t[:2400], t[2400:]
centre, spread = t.mean(), t.std()
t, t_test = (t - centre) / spread, (t_test - centre) / spread

model = nn.Sequential(
    nn.Linear(10, opts.hidden), nn.BatchNorm1d(opts.hidden), nn.ReLU(),
    nn.Linear(opts.hidden, opts.hidden), nn.BatchNorm1d(opts.hidden), nn.ReLU(),
    nn.Linear(opts.hidden, 1),
)
optimizer = torch.optim.Adam(model.parameters(), lr=opts.lr)


def test_mse():
    model.eval()
    with torch.no_grad():
        value = nn.functional.mse_loss(model(X_test), t_test).item()
    model.train()
    return value


perm, pos = torch.randperm(len(X)), 0
running = 0.0
model.train()
for step in range(1, opts.steps + 1):
    if pos + opts.batch_size > len(perm):
        perm, pos = torch.randperm(len(X)), 0
    rows = perm[pos:pos + opts.batch_size]
    pos += opts.batch_size
    loss = nn.functional.mse_loss(model(X[rows]), t[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    running += loss.item()
    if step % 100 == 0:
        print(f"step {step:4d}  train mse {running / 100:.4f}  test mse {test_mse():.4f}")
        running = 0.0
