import argparse
import numpy as np
import torch
from torch import nn
from sklearn.datasets import make_classification
from sklearn.preprocessing import StandardScaler


def parse():
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=6)
    ap.add_argument("--batch-size", type=int, default=100)
    ap.add_argument("--lr", type=float, default=0.05)
    ap.add_argument("--width", type=int, default=32)
    ap.add_argument("--depth", type=int, default=6)
    return ap.parse_args()


def init_weights(module):
    if isinstance(module, nn.Linear):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        nn.init.zeros_(module.bias)


def make_net(n_in, args):
    widths = [n_in] + [args.width] * args.depth
    mods = []
    for a, b in zip(widths, widths[1:]):
        mods += [nn.Linear(a, b), nn.ReLU()]
    body = nn.Sequential(*mods)
    body.apply(init_weights)
    head = nn.Linear(args.width, 1)
    return nn.Sequential(body, head)


def main():
    args = parse()
    torch.manual_seed(7)
    x, y = make_classification(9000, 16, n_informative=8, n_redundant=2, n_clusters_per_class=3, class_sep=1.2, flip_y=0.02, random_state=7)
    x = StandardScaler().fit_transform(x).astype(np.float32)
    x, y = torch.from_numpy(x), torch.from_numpy(y).float()
    xt, yt, xv, yv = x[:7500], y[:7500], x[7500:], y[7500:]
    net = make_net(16, args)
    opt = torch.optim.SGD(net.parameters(), lr=args.lr, momentum=0.9, weight_decay=5e-4)
    bce = nn.BCEWithLogitsLoss()
    for epoch in range(args.epochs):
        net.train()
        losses = []
        for idx in torch.randperm(len(xt)).split(args.batch_size):
            loss = bce(net(xt[idx]).squeeze(1), yt[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
        net.eval()
        with torch.no_grad():
            out = net(xv).squeeze(1)
            print(f"epoch {epoch} train {np.mean(losses):.4f} valid {bce(out, yv).item():.4f} acc {((out > 0) == (yv > 0.5)).float().mean():.3f}")


main()
