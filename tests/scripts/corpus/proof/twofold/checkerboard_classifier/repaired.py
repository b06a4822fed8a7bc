import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(29)


def checker(n):
    x = torch.rand(n, 3) * 2 - 1
    y = ((x[:, 0] > 0) ^ (x[:, 1] > 0)).long() + 2 * (x[:, 2] > 0.1).long()
    return x * 1.7, y


class Stack(nn.Module):
    def __init__(self, width=40, depth=12):
        super().__init__()
        dims = [3] + [width] * depth
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(dims, dims[1:]))
        self.out = nn.Linear(width, 4)
        for l in self.layers:
            nn.init.xavier_uniform_(l.weight, gain=5 / 3)
            nn.init.zeros_(l.bias)

    def forward(self, x):
        for l in self.layers:
            x = torch.tanh(l(x))
        return self.out(x)


x, y = checker(4000)
xt, yt = checker(1000)
net = Stack()
optimizer = torch.optim.Adam(net.parameters(), lr=1.5e-3)
for step in range(350):
    idx = torch.randint(0, len(x), (100,))
    loss = F.cross_entropy(net(x[idx]), y[idx])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 49:
        with torch.no_grad():
            acc = (net(xt).argmax(1) == yt).float().mean().item()
        print(f"{step + 1:4d} {loss.item():.4f} {acc:.3f}")
