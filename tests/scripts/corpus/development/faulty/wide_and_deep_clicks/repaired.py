#!/usr/bin/env python
"""Wide & deep click model on simulated impressions."""
import argparse
import torch
import torch.nn as nn


def simulate(n, gen):
    user = torch.randint(0, 60, (n,), generator=gen)
    item = torch.randint(0, 40, (n,), generator=gen)
    ctx = torch.randn(n, 8, generator=gen)
    g = torch.Generator().manual_seed(99)
    u, v = torch.randn(60, 3, generator=g), torch.randn(40, 3, generator=g)
    w = torch.randn(8, generator=g) * 0.8
    logit = (u[user] * v[item]).sum(1) + ctx @ w
    return user, item, ctx, torch.bernoulli(torch.sigmoid(1.5 * logit), generator=gen)


class WideDeep(nn.Module):
    def __init__(self, n_user, n_item, n_ctx, dim):
        super().__init__()
        self.user = nn.Embedding(n_user, dim)
        self.item = nn.Embedding(n_item, dim)
        self.wide = nn.Linear(n_ctx, 1)
        self.deep = nn.Sequential(
            nn.Linear(3 * dim + n_ctx, 64), nn.ReLU(),
            nn.Linear(64, 32), nn.ReLU(),
            nn.Linear(32, 1),
        )

    def forward(self, user, item, ctx):
        u, v = self.user(user), self.item(item)
        linear_part = self.wide(ctx)
        deep_part = self.deep(torch.cat([u, v, u * v, ctx], dim=1))
        return (linear_part + deep_part).squeeze(1)


def run(args):
    torch.manual_seed(args.seed)
    gen = torch.Generator().manual_seed(args.seed)
    train, test = simulate(12000, gen), simulate(3000, gen)
    model = WideDeep(60, 40, 8, args.dim)
    optim = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=1e-2)
    bce = nn.BCEWithLogitsLoss()
    for epoch in range(args.epochs):
        model.train()
        perm = torch.randperm(12000, generator=gen)
        for k, idx in enumerate(perm.split(args.batch_size)):
            user, item, ctx, click = (t[idx] for t in train)
            loss = bce(model(user, item, ctx), click)
            optim.zero_grad(set_to_none=True)
            loss.backward()
            optim.step()
            if k % 30 == 0:
                print(f"[{epoch}:{k:03d}] loss={loss.item():.4f}")
        model.eval()
        with torch.no_grad():
            out = model(*test[:3])
            print(f"[{epoch}] test bce={bce(out, test[3]):.4f} acc={((out > 0).float() == test[3]).float().mean():.4f}")


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=6)
    p.add_argument("--batch-size", type=int, default=128)
    p.add_argument("--dim", type=int, default=6)
    p.add_argument("--lr", type=float, default=4e-3)
    p.add_argument("--seed", type=int, default=1)
    run(p.parse_args())
