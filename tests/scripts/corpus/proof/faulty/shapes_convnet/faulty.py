import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader


class Shapes(Dataset):
    """16x16 pictures of a bar, a square, a cross or a diagonal at a random place"""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.y = torch.randint(0, 4, (n,), generator=g)
        self.x = 0.3 * torch.randn(n, 1, 16, 16, generator=g)
        for i, c in enumerate(self.y.tolist()):
            r, k = torch.randint(0, 9, (2,), generator=g).tolist()
            patch = self.x[i, 0, r:r + 7, k:k + 7]
            if c == 0:
                patch[3] += 1.5
            elif c == 1:
                patch[0] += 1.0; patch[-1] += 1.0; patch[:, 0] += 1.0; patch[:, -1] += 1.0
            elif c == 2:
                patch[3] += 1.0; patch[:, 3] += 1.0
            else:
                patch += 1.5 * torch.eye(7)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


torch.manual_seed(23)
net = nn.Sequential(
    nn.Conv2d(1, 12, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(12, 24, 3, padding=1), nn.ReLU(), nn.AdaptiveMaxPool2d(2), nn.Flatten(),
    nn.Linear(96, 32), nn.Tanh(),
    nn.Linear(32, 4), nn.Softmax(dim=1),
)
train_loader = DataLoader(Shapes(2000, 1), batch_size=40, shuffle=True)
test_loader = DataLoader(Shapes(400, 2), batch_size=200)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.04, momentum=0.9)
for epoch in range(4):
    net.train()
    for i, (x, y) in enumerate(train_loader):
        optimizer.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        optimizer.step()
        if i % 25 == 0:
            print(f"  {epoch}/{i} {loss.item():.4f}")
    net.eval()
    with torch.no_grad():
        good = sum((net(x).argmax(1) == y).sum().item() for x, y in test_loader)
    print(f"epoch {epoch} test accuracy {good / 400:.3f}")
