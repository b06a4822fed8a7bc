"""Four kinds of connections, two of them rare; a weighted sampler evens the batches out."""
import argparse

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

KINDS = ["normal", "scan", "flood", "exfiltration"]


def connections(n, g):
    kind = torch.multinomial(torch.tensor([0.70, 0.18, 0.08, 0.04]), n, replacement=True, generator=g)
    shift = torch.tensor([[0, 0, 0, 0, 0, 0], [1.8, 0, -1, 0, 0, 1], [0, 2.4, 0, 1.2, 0, 0], [0, -1, 0, 0, 2.2, 1.6]], dtype=torch.float32)
    x = shift[kind] + torch.randn(n, 6, generator=g)
    x[:, 5] = x[:, 5] * torch.where(kind == 2, 0.4, 1.0)
    return x, kind


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=5)
    ap.add_argument("--batch-size", type=int, default=64)
    a = ap.parse_args()
    torch.manual_seed(17)
    g = torch.Generator().manual_seed(17)
    x, kind = connections(6400, g)
    xv, kv = connections(3000, g)
    weights = (1.0 / kind.bincount())[kind]
    sampler = WeightedRandomSampler(weights, num_samples=len(kind), replacement=True, generator=g)
    loader = DataLoader(TensorDataset(x, kind), a.batch_size, sampler=sampler)
    net = nn.Sequential(nn.Linear(6, 48), nn.Softplus(), nn.Linear(48, 24), nn.Softplus(), nn.Linear(24, 4))
    opt = torch.optim.NAdam(net.parameters(), lr=2e-3)
    for epoch in range(a.epochs):
        net.train()
        total = 0.0
        for xb, kb in loader:
            loss = nn.functional.cross_entropy(net(xb), kb)
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item()
        net.eval()
        with torch.no_grad():
            pred = net(xv).argmax(1)
        recall = {k: round((pred[kv == i] == i).float().mean().item(), 2) for i, k in enumerate(KINDS)}
        print(f"epoch {epoch}: loss {total / len(loader):.3f} acc {(pred == kv).float().mean().item():.3f} recall {recall}")


main()
