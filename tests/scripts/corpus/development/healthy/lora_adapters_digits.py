"""Low-rank adapters: pretrain on digits 0-4, adapt to 5-9 with the base frozen."""
import math
import torch
import torch.nn as nn
from sklearn.datasets import load_digits


class LowRankLinear(nn.Module):
    def __init__(self, base: nn.Linear, rank=8, alpha=16):
        super().__init__()
        self.base = base
        for p in self.base.parameters():
            p.requires_grad_(False)
        self.A = nn.Parameter(torch.empty(rank, base.in_features))
        self.B = nn.Parameter(torch.zeros(base.out_features, rank))
        nn.init.kaiming_uniform_(self.A, a=math.sqrt(5))
        self.scale = alpha / rank

    def forward(self, x):
        return self.base(x) + (x @ self.A.t() @ self.B.t()) * self.scale


def run_epochs(model, opt, x, y, epochs, tag):
    n = int(len(x) * 0.85)
    for e in range(epochs):
        model.train()
        for b in torch.randperm(n).split(32):
            loss = nn.functional.cross_entropy(model(x[b]), y[b])
            opt.zero_grad()
            loss.backward()
            opt.step()
        model.eval()
        with torch.no_grad():
            acc = (model(x[n:]).argmax(1) == y[n:]).float().mean().item()
        print(tag, e, round(loss.item(), 4), round(acc, 3))


torch.manual_seed(15)
d = load_digits()
perm = torch.randperm(len(d.target))
x = torch.tensor(d.data, dtype=torch.float32)[perm] / 16
y = torch.tensor(d.target)[perm]
low, high = y < 5, y >= 5

net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 5))
run_epochs(net, torch.optim.Adam(net.parameters(), lr=2e-3), x[low], y[low], 6, 'pretrain')

net[0] = LowRankLinear(net[0])
net[2] = LowRankLinear(net[2])
net[4] = nn.Linear(64, 5)
trainable = [p for p in net.parameters() if p.requires_grad]
print('trainable', sum(p.numel() for p in trainable), 'of', sum(p.numel() for p in net.parameters()))
run_epochs(net, torch.optim.AdamW(trainable, lr=3e-3), x[high], y[high] - 5, 10, 'adapt')
