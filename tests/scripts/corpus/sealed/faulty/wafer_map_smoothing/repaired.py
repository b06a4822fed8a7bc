import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader


class WaferMaps(Dataset):
    """12x12 defect maps: ring, centre blob, edge wedge, scratch."""
    def __init__(self, n, seed):
        rng = np.random.default_rng(seed)
        yy, xx = np.mgrid[0:12, 0:12] - 5.5
        r, a = np.hypot(yy, xx), np.arctan2(yy, xx)
        self.maps, self.kind = [], []
        for _ in range(n):
            k = int(rng.integers(4))
            if k == 0:
                m = np.abs(r - rng.uniform(3.2, 4.8)) < 0.8
            elif k == 1:
                m = np.hypot(yy - rng.uniform(-2, 2), xx - rng.uniform(-2, 2)) < rng.uniform(1.5, 2.6)
            elif k == 2:
                m = (np.cos(a - rng.uniform(-3.1, 3.1)) > 0.8) & (r > 3)
            else:
                th = rng.uniform(0, 3.1)
                m = np.abs(yy * np.cos(th) + xx * np.sin(th) - rng.uniform(-2, 2)) < 0.7
            img = 1.6 * m - 0.4 + rng.normal(0, 0.5, m.shape)
            self.maps.append(img.astype(np.float32)[None])
            self.kind.append(k)

    def __len__(self):
        return len(self.kind)

    def __getitem__(self, i):
        return torch.from_numpy(self.maps[i]), self.kind[i]


class SmoothedNLL(nn.Module):
    def __init__(self, eps=0.05):
        super().__init__()
        self.eps = eps

    def forward(self, out, target):
        logp = torch.log_softmax(out, dim=1)
        nll = -logp.gather(1, target.unsqueeze(1)).squeeze(1)
        return ((1 - self.eps) * nll - self.eps * logp.mean(dim=1)).mean()


torch.manual_seed(3)
train, valid = WaferMaps(1800, 1), WaferMaps(500, 2)
net = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(32 * 9, 4),
)
crit = SmoothedNLL()
opt = torch.optim.SGD(net.parameters(), lr=0.03, momentum=0.9)
for epoch in range(8):
    net.train()
    losses = []
    for xb, yb in DataLoader(train, batch_size=50, shuffle=True):
        opt.zero_grad()
        loss = crit(net(xb), yb)
        loss.backward()
        opt.step()
        losses.append(loss.item())
    net.eval()
    with torch.no_grad():
        hit = sum((net(xb).argmax(1) == yb).sum().item() for xb, yb in DataLoader(valid, batch_size=250))
    print(f"epoch {epoch}: loss {np.mean(losses):.4f}, valid acc {hit / len(valid):.3f}")
