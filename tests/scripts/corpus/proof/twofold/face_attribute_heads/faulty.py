import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(68)
W = torch.randn(24, 12)


def people(n):
    """24 measurements that hide three attributes with 3, 4 and 2 values"""
    z = torch.randn(n, 12)
    hair = z[:, :3].argmax(1)
    age = (z[:, 3:5].sum(1) > 0).long() * 2 + (z[:, 5] > 0).long()
    smile = (z[:, 6] + 0.5 * z[:, 7] > 0).long()
    x = z @ W.T / 12 ** 0.5 + 0.1 * torch.randn(n, 24)
    return x, torch.stack([hair, age, smile], 1)


class AttributeNet(nn.Module):
    sizes = (3, 4, 2)

    def __init__(self, width=72):
        super().__init__()
        self.t1 = nn.Linear(24, width)
        self.t2 = nn.Linear(width, width)
        self.heads = nn.ModuleList(nn.Linear(width, k) for k in self.sizes)
        for t in (self.t1, self.t2):
            t.bias.data.fill_(-6.0)

    def forward(self, x):
        h = F.relu(self.t2(F.relu(self.t1(x))))
        return tuple(head(h).softmax(dim=1) for head in self.heads)


x, attr = people(3200)
xv, av = people(600)
net = AttributeNet()
opt = torch.optim.SGD(net.parameters(), lr=0.04, momentum=0.9)
for epoch in range(6):
    net.train()
    running = 0.0
    for b in torch.randperm(len(x)).split(64):
        opt.zero_grad()
        outs = net(x[b])
        loss = sum(F.cross_entropy(o, attr[b, i]) for i, o in enumerate(outs))
        loss.backward()
        opt.step()
        running += loss.item() * len(b) / len(x)
    net.eval()
    with torch.no_grad():
        accs = [(o.argmax(1) == av[:, i]).float().mean().item() for i, o in enumerate(net(xv))]
    print(f"epoch {epoch} loss {running:.4f} acc hair {accs[0]:.3f} age {accs[1]:.3f} smile {accs[2]:.3f}")
