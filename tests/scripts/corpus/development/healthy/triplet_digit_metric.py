import torch, torch.nn as nn, torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import Dataset, DataLoader

torch.manual_seed(61)


class TripletDigits(Dataset):
    def __init__(self, x, y):
        self.x, self.y = x, y
        self.by_class = [torch.nonzero(y == c).flatten() for c in range(10)]

    def __len__(self):
        return len(self.x)

    def pick(self, c):
        pool = self.by_class[c]
        return self.x[pool[torch.randint(len(pool), (1,)).item()]]

    def __getitem__(self, i):
        c = self.y[i].item()
        other = (c + 1 + torch.randint(9, (1,)).item()) % 10
        return self.x[i], self.pick(c), self.pick(other)


class Embedder(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 24))

    def forward(self, x):
        return F.normalize(self.f(x), dim=1)


d = load_digits()
x, y = torch.tensor(d.data, dtype=torch.float32), torch.tensor(d.target)
x = (x - x.mean()) / x.std()
p = torch.randperm(len(x)); x, y = x[p], y[p]
loader = DataLoader(TripletDigits(x[:1440], y[:1440]), batch_size=36, shuffle=True)
net = Embedder()
criterion = nn.TripletMarginLoss(margin=0.5)
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(6):
    net.train()
    tot = 0.
    for a, pos, neg in loader:
        loss = criterion(net(a), net(pos), net(neg))
        opt.zero_grad(); loss.backward(); opt.step()
        tot += loss.item()
    net.eval()
    with torch.no_grad():
        sim = net(x[1440:]) @ net(x[:1440]).T
        acc = (y[:1440][sim.argmax(1)] == y[1440:]).float().mean()
    print(f'epoch {epoch} triplet loss {tot / len(loader):.4f} 1-nn {acc:.3f}')
