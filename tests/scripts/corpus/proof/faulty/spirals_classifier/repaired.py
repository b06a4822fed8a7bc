import argparse
import math
import torch
import torch.nn as nn


def arms(n, g):
    r = torch.rand(n, generator=g) ** 0.5 * 2.2
    c = torch.randint(0, 3, (n,), generator=g)
    a = 1.5 * r + c * 2 * math.pi / 3
    pts = torch.stack([r * a.cos(), r * a.sin()], 1) + 0.05 * torch.randn(n, 2, generator=g)
    return pts, c


class Deep(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        self.inp = nn.Linear(2, width)
        self.hid = nn.ModuleList(nn.Linear(width, width) for _ in range(depth - 1))
        self.out = nn.Linear(width, 3)
        self.act = nn.SiLU()
        for lin in self.hid:
            nn.init.xavier_uniform_(lin.weight, gain=1.5)

    def forward(self, x):
        x = self.act(self.inp(x))
        for lin in self.hid:
            x = self.act(lin(x))
        return self.out(x)


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--depth", type=int, default=10)
    ap.add_argument("--width", type=int, default=32)
    ap.add_argument("--lr", type=float, default=2e-3)
    a = ap.parse_args()
    torch.manual_seed(9)
    g = torch.Generator().manual_seed(9)
    X, y = arms(3000, g)
    Xt, yt = arms(800, g)
    net = Deep(a.width, a.depth)
    opt = torch.optim.RMSprop(net.parameters(), lr=a.lr)
    ce = nn.CrossEntropyLoss()
    for epoch in range(8):
        for b in torch.randperm(len(X)).split(75):
            opt.zero_grad()
            loss = ce(net(X[b]), y[b])
            loss.backward()
            opt.step()
        with torch.no_grad():
            out = net(Xt)
        print(epoch, "train %.4f test %.4f acc %.3f" % (loss.item(), ce(out, yt), (out.argmax(1) == yt).float().mean()))
