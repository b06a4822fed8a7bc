import argparse

import torch
import torch.nn.functional as F


def parse_args():
    p = argparse.ArgumentParser(description="fit a polynomial by gradient descent")
    p.add_argument("--degree", type=int, default=7)
    p.add_argument("--points", type=int, default=500)
    p.add_argument("--lr", type=float, default=1.0)
    p.add_argument("--momentum", type=float, default=0.9)
    p.add_argument("--iters", type=int, default=400)
    p.add_argument("--seed", type=int, default=11)
    return p.parse_args()


def features(x, degree):
    return torch.stack([x**k for k in range(1, degree + 1)], dim=1)


def run(args):
    torch.manual_seed(args.seed)
    x = torch.rand(args.points) * 2.4 - 1.2
    y = 1.5 * torch.sin(2.5 * x) + 0.1 * torch.randn(args.points)
    phi = features(x, args.degree)
    model = torch.nn.Linear(args.degree, 1)
    sgd = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=args.momentum)
    for it in range(args.iters):
        sgd.zero_grad()
        fit = model(phi)[:, 0]
        loss = F.mse_loss(fit, y)
        loss.backward()
        sgd.step()
        if it % 40 == 0 or it == args.iters - 1:
            print(f"iter {it:4d} mse {loss.item():.5g}")


if __name__ == "__main__":
    run(parse_args())
