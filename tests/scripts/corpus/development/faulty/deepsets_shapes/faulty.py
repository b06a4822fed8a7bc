# homework 3: classify point sets (which shape did the points come from?)
import math
import torch
import torch.nn as nn

torch.manual_seed(3)


def make_set(kind, n=24):
    t = torch.rand(n) * 2 * math.pi
    if kind == 0:      # ring
        p = torch.stack([t.cos(), t.sin()], 1)
    elif kind == 1:    # filled disk
        r = torch.rand(n).sqrt() * 1.3
        p = torch.stack([r * t.cos(), r * t.sin()], 1)
    elif kind == 2:    # line
        p = torch.stack([torch.rand(n) * 3 - 1.5, torch.zeros(n)], 1)
    else:              # two blobs
        s = (torch.rand(n) > 0.5).float() * 2 - 1
        p = torch.stack([s, torch.zeros(n)], 1) + 0.2 * torch.randn(n, 2)
    a = torch.rand(1) * 2 * math.pi
    rot = torch.tensor([[a.cos(), -a.sin()], [a.sin(), a.cos()]])
    return p @ rot + 0.12 * torch.randn(n, 2)


labels = torch.randint(0, 4, (2400,))
sets = torch.stack([make_set(int(k)) for k in labels])
train_x, train_y = sets[:2000], labels[:2000]
test_x, test_y = sets[2000:], labels[2000:]


class DeepSet(nn.Module):
    def __init__(self):
        super().__init__()
        self.phi = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.1), nn.Linear(64, 64), nn.LeakyReLU(0.1))
        self.rho = nn.Sequential(nn.Linear(128, 64), nn.LeakyReLU(0.1), nn.Linear(64, 4))

    def forward(self, x):
        h = self.phi(x)
        return self.rho(torch.cat([h.mean(1), h.max(1).values], 1))


model = DeepSet()
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

for epoch in range(10):
    model.train()
    order = torch.randperm(len(train_x))
    running = 0.0
    for i in range(0, len(order), 50):
        idx = order[i:i + 50]
        optimizer.zero_grad
        loss = loss_fn(model(train_x[idx]), train_y[idx])
        loss.backward()
        optimizer.step()
        running += loss.item()
    model.eval()
    with torch.no_grad():
        acc = (model(test_x).argmax(1) == test_y).float().mean().item()
    print(f"epoch {epoch} loss {running / 40:.4f} test acc {acc:.3f}")
