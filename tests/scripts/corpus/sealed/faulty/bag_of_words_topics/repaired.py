import math
import random
import torch
import torch.nn.functional as F

random.seed(0)
torch.manual_seed(0)
VOCAB, TOPICS, HIDDEN = 120, 6, 64


def corpus(n, g):
    topic = torch.randint(0, TOPICS, (n,), generator=g)
    bump = torch.zeros(TOPICS, VOCAB)
    for k in range(TOPICS):
        bump[k, k * 15:(k + 2) * 15] = 1.3
    rate = torch.exp(-1.3 + bump[topic] + 0.6 * torch.randn(n, VOCAB, generator=g))
    return torch.log1p(torch.poisson(rate, generator=g)), topic


def uniform_fan_in(n_in, n_out, gain=1.0):
    bound = gain * math.sqrt(3.0 / n_in)
    return ((torch.rand(n_in, n_out) - 0.5) * 2 * bound).requires_grad_()


def parameters():
    relu = math.sqrt(2.0)
    return [uniform_fan_in(VOCAB, HIDDEN, relu), torch.zeros(HIDDEN, requires_grad=True),
            uniform_fan_in(HIDDEN, HIDDEN, relu), torch.zeros(HIDDEN, requires_grad=True),
            uniform_fan_in(HIDDEN, TOPICS), torch.zeros(TOPICS, requires_grad=True)]


def forward(ps, x):
    w1, b1, w2, b2, w3, b3 = ps
    h = F.relu(x @ w1 + b1)
    h = F.relu(h @ w2 + b2)
    return h @ w3 + b3


g = torch.Generator().manual_seed(3)
x, y = corpus(3000, g)
vx, vy = corpus(600, g)
ps = parameters()
opt = torch.optim.Adagrad(ps, lr=0.02)
for epoch in range(8):
    for idx in torch.randperm(len(x)).split(60):
        loss = F.cross_entropy(forward(ps, x[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    with torch.no_grad():
        acc = (forward(ps, vx).argmax(1) == vy).float().mean().item()
    print(f"epoch {epoch}: loss {loss.item():.4f} valid accuracy {acc:.3f}")
