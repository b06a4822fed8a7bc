import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(0)
data = load_digits()
x = torch.tensor(data.data / 16.0, dtype=torch.float32)
x = (x - x.mean(0)) / (x.std(0) + 0.1)
digit = torch.tensor(data.target)
size = torch.tensor((data.data.sum(1) > 310).astype("int64"))
perm = torch.randperm(len(x))
x, digit, size = x[perm], digit[perm], size[perm]
ntr = 1400


class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 24), nn.ReLU())
        self.head_digit = nn.Linear(24, 10)
        self.head_size = nn.Linear(24, 2)

    def forward(self, x):
        h = self.trunk(x)
        return self.head_digit(h), self.head_size(h)


net = TwoHeads()
params = [
    {"params": net.head_digit.parameters()},
    {"params": net.head_size.parameters(), "weight_decay": 1e-4},
    {"params": net.trunk.parameters()},
]
opt = torch.optim.Adam(params, lr=4e-3)
for epoch in range(12):
    net.train()
    sums = [0.0, 0.0]
    for b in torch.randperm(ntr).split(50):
        d, s = net(x[b])
        ld, ls = F.cross_entropy(d, digit[b]), F.cross_entropy(s, size[b])
        opt.zero_grad()
        (ld + 0.5 * ls).backward()
        opt.step()
        sums[0] += ld.item() * len(b)
        sums[1] += ls.item() * len(b)
    net.eval()
    with torch.no_grad():
        d, s = net(x[ntr:])
        print("%2d digit loss %.3f size loss %.3f | val digit %.3f size %.3f" % (
            epoch, sums[0] / ntr, sums[1] / ntr,
            (d.argmax(1) == digit[ntr:]).float().mean(), (s.argmax(1) == size[ntr:]).float().mean()))
