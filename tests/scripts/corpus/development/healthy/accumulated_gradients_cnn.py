# simulate a batch of 64 with micro batches of 16
import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader

ACCUM = 4


class Shapes(Dataset):
    """squares, crosses and diagonals at random places in 10x10 images"""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.y = torch.randint(0, 3, (n,), generator=g)
        self.x = 0.25 * torch.randn(n, 1, 10, 10, generator=g)
        place = torch.randint(0, 6, (n, 2), generator=g)
        square = torch.ones(5, 5); square[1:4, 1:4] = 0
        cross = torch.zeros(5, 5); cross[2] = 1; cross[:, 2] = 1
        stamps = torch.stack([square, cross, torch.eye(5)])
        for i in range(n):
            r, c = place[i]
            self.x[i, 0, r:r + 5, c:c + 5] += stamps[self.y[i]]

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


torch.manual_seed(3)
loader = DataLoader(Shapes(1968, 3), batch_size=16, shuffle=True)
held = Shapes(400, 4)
vx, vy = held.x, held.y
model = nn.Sequential(nn.Conv2d(1, 12, 3), nn.ReLU(), nn.Conv2d(12, 16, 3), nn.ReLU(), nn.AdaptiveMaxPool2d(2), nn.Flatten(), nn.Linear(64, 3))
opt = torch.optim.Adam(model.parameters(), lr=3e-3)

for epoch in range(8):
    model.train()
    opt.zero_grad()
    n_batches = len(loader)
    tail = n_batches % ACCUM
    for i, (x, y) in enumerate(loader):
        group = tail if tail and i >= n_batches - tail else ACCUM
        loss = nn.functional.cross_entropy(model(x), y) / group
        loss.backward()
        if (i + 1) % ACCUM == 0 or i + 1 == n_batches:
            opt.step()
            opt.zero_grad()
    model.eval()
    with torch.no_grad():
        acc = (model(vx).argmax(1) == vy).float().mean()
    print(f'epoch {epoch} loss {loss.item() * group:.4f} val acc {acc.item():.3f}')
