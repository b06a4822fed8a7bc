"""Count bacteria colonies on small plates; micro-batches of 8, one step per 8 of them."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

ACCUMULATE = 8
SIZE = 16


def plates(n, seed):
    g = torch.Generator().manual_seed(seed)
    count = torch.randint(1, 9, (n,), generator=g)
    grid = torch.arange(SIZE).float()
    img = 0.1 * torch.randn(n, SIZE, SIZE, generator=g)
    for k in range(8):
        cy, cx = 1 + (SIZE - 3) * torch.rand(2, n, generator=g)
        spot = torch.exp(-((grid[None, :, None] - cy[:, None, None]) ** 2 + (grid[None, None, :] - cx[:, None, None]) ** 2) / 1.5)
        img += spot * (count > k)[:, None, None]
    return img.unsqueeze(1) - 0.15, (count.float() - 4.5) / 2.3


class Counter(nn.Module):
    def __init__(self, c=16):
        super().__init__()
        self.c1, self.n1 = nn.Conv2d(1, c, 3, padding=1), nn.GroupNorm(4, c)
        self.c2, self.n2 = nn.Conv2d(c, c, 3, padding=1), nn.GroupNorm(4, c)
        self.c3, self.n3 = nn.Conv2d(c, c, 3, padding=1), nn.GroupNorm(4, c)
        self.out = nn.Linear(c, 1)

    def forward(self, x):
        x = F.max_pool2d(F.leaky_relu(self.n1(self.c1(x)), 0.1), 2)
        x = F.leaky_relu(self.n2(self.c2(x)), 0.1)
        x = F.leaky_relu(self.n3(self.c3(x)), 0.1)
        return self.out(x.mean((2, 3))).squeeze(1)


torch.manual_seed(31)
loader = DataLoader(TensorDataset(*plates(2560, 1)), batch_size=8, shuffle=True)
x_val, y_val = plates(400, 2)
net = Counter()
opt = torch.optim.SGD(net.parameters(), lr=0.03, momentum=0.9)
for epoch in range(8):
    net.train()
    opt.zero_grad()
    total = 0.0
    for i, (x, y) in enumerate(loader, 1):
        loss = F.smooth_l1_loss(net(x), y)
        loss.backward()
        total += loss.item()
        if i % ACCUMULATE == 0:
            opt.step()
            opt.zero_grad()
    net.eval()
    with torch.no_grad():
        err = (net(x_val) - y_val).abs().mean().item() * 2.3
    print(f"epoch {epoch}: loss {total / len(loader):.4f}, off by {err:.2f} colonies")
