"""Multi-task digits: which digit, and how much ink."""
import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn


class TwoHeads(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.shared = nn.Sequential(nn.Linear(64, width), nn.LayerNorm(width), nn.GELU(), nn.Linear(width, width), nn.GELU())
        self.digit = nn.Linear(width, 10)
        self.ink = nn.Linear(width, 1)

    def forward(self, x):
        h = self.shared(x)
        return self.digit(h), self.ink(h).squeeze(-1)


def compute_loss(model, x, y, ink, w):
    logits, pred_ink = model(x)
    return nn.functional.cross_entropy(logits, y) + w * nn.functional.mse_loss(pred_ink, ink)


def parse():
    p = argparse.ArgumentParser()
    p.add_argument('--lr', type=float, default=0.3)
    p.add_argument('--epochs', type=int, default=10)
    p.add_argument('--ink-weight', type=float, default=0.5)
    return p.parse_args([])


if __name__ == '__main__':
    args = parse()
    torch.manual_seed(20)
    d = load_digits()
    x = torch.tensor(d.data, dtype=torch.float32)
    ink = x.sum(1)
    ink = (ink - ink.mean()) / ink.std()
    x = (x - x.mean()) / x.std()
    y = torch.tensor(d.target)
    perm = torch.randperm(len(x))
    tr, va = perm[:1440], perm[1440:]
    model = TwoHeads()
    opt = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=1e-3)
    for epoch in range(args.epochs):
        model.train()
        losses = []
        for b in tr[torch.randperm(len(tr))].split(40):
            opt.zero_grad(set_to_none=True)
            loss = compute_loss(model, x[b], y[b], ink[b], args.ink_weight)
            loss.backward()
            opt.step()
            losses.append(loss.item())
        model.eval()
        with torch.no_grad():
            logits, pi = model(x[va])
            acc = (logits.argmax(1) == y[va]).float().mean().item()
            print(f'{epoch} mean {sum(losses) / len(losses):.4f} max {max(losses):.2f} | acc {acc:.3f} ink mse {(pi - ink[va]).pow(2).mean().item():.4f}')
