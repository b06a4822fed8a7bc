import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(85)
N, C, D = 500, 5, 30


def build():
    topic = torch.randint(0, C, (N,))
    p = torch.where(topic[:, None] == topic[None], 0.04, 0.008)
    a = torch.bernoulli(p).triu(1)
    a = a + a.T + torch.eye(N)
    a = a / a.sum(1, keepdim=True)
    words = torch.rand(C, D)
    x = torch.bernoulli(0.15 + 0.5 * words[topic] ** 2)
    return a, (x - x.mean(0)) / (x.std(0) + 1e-6), topic


class SageLayer(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.me = nn.Linear(i, o)
        self.them = nn.Linear(i, o, bias=False)

    def forward(self, a, x):
        return self.me(x) + self.them(a @ x)


class Sage(nn.Module):
    def __init__(self, h=32):
        super().__init__()
        self.s1, self.s2 = SageLayer(D, h), SageLayer(h, C)

    def forward(self, a, x):
        h = F.dropout(F.relu(self.s1(a, x)), 0.2, self.training)
        return self.s2(a, h)


a, x, topic = build()
perm = torch.randperm(N)
train, val = perm[:350], perm[350:]
net = Sage()
opt = torch.optim.SGD(net.parameters(), lr=0.3, momentum=0.9, weight_decay=5e-4)
for step in range(1, 251):
    net.train()
    out = net(a, x)
    loss = F.cross_entropy(out[train], topic[train])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 25 == 0:
        net.eval()
        with torch.no_grad():
            acc = (net(a, x).argmax(1)[val] == topic[val]).float().mean().item()
        print(f"{step} loss {loss.item():.4f} val {acc:.3f}")
