import argparse
import torch
from torch import nn
from sklearn.datasets import make_friedman2
from sklearn.preprocessing import StandardScaler


def get_data(n, seed):
    X, y = make_friedman2(n_samples=n, noise=20.0, random_state=seed)
    cut = int(0.8 * n)
    xs = StandardScaler().fit(X[:cut])
    X = torch.from_numpy(xs.transform(X)).float()
    y = torch.from_numpy(y).float()
    return X[:cut], y[:cut], X[cut:], y[cut:]


def mse(pred, target):
    return ((pred - target) ** 2).mean()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--hidden", type=int, default=64)
    ap.add_argument("--lr", type=float, default=5e-3)
    ap.add_argument("--steps", type=int, default=400)
    ap.add_argument("--batch", type=int, default=128)
    ap.add_argument("--seed", type=int, default=11)
    args = ap.parse_args()
    torch.manual_seed(args.seed)

    xtr, ytr, xte, yte = get_data(3000, args.seed)
    model = nn.Sequential(
        nn.Linear(4, args.hidden), nn.ReLU(),
        nn.Linear(args.hidden, args.hidden), nn.ReLU(),
        nn.Linear(args.hidden, 1),
    )
    opt = torch.optim.Adam(model.parameters(), lr=args.lr)
    gen = torch.Generator().manual_seed(args.seed)
    for step in range(1, args.steps + 1):
        pick = torch.randint(0, len(xtr), (args.batch,), generator=gen)
        out = model(xtr[pick])
        loss = mse(out, ytr[pick])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 50 == 0:
            model.eval()
            with torch.no_grad():
                p = model(xte).squeeze(1)
                r2 = 1 - ((p - yte) ** 2).sum() / ((yte - yte.mean()) ** 2).sum()
            model.train()
            print(f"{step:4d} loss {loss.item():.4f} test R2 {r2.item():.3f}")


if __name__ == "__main__":
    main()
