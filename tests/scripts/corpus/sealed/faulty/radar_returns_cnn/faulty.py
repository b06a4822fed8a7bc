import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset, random_split

CLASSES = ("clutter", "vehicle", "bird")


class RadarPatches(Dataset):
    """12 x 12 range-Doppler patches, generated once."""

    def __init__(self, count, seed=41):
        g = torch.Generator().manual_seed(seed)
        self.y = torch.randint(3, (count,), generator=g)
        self.x = 0.6 * torch.randn(count, 1, 12, 12, generator=g)
        for i, kind in enumerate(self.y.tolist()):
            r, c = torch.randint(2, 9, (2,), generator=g).tolist()
            if kind == 1:
                self.x[i, 0, r:r + 2, c:c + 2] += 3.0
            elif kind == 2:
                self.x[i, 0, r, :] += 1.7 * torch.sin(torch.arange(12) * 1.6 + c)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


def make_net():
    def stage(a, b):
        return [nn.Conv2d(a, b, 3, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU(inplace=True)]
    return nn.Sequential(
        *stage(1, 16), nn.MaxPool2d(2), *stage(16, 32), *stage(32, 32),
        nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(32, len(CLASSES)),
    )


if __name__ == "__main__":
    torch.manual_seed(41)
    data = RadarPatches(1202)
    n_train = int(0.8 * len(data))
    train_set, val_set = random_split(data, [n_train, len(data) - n_train])
    train_loader = DataLoader(train_set, batch_size=32, shuffle=True)
    val_loader = DataLoader(val_set, batch_size=len(val_set))
    net, loss_fn = make_net(), nn.CrossEntropyLoss(label_smoothing=0.05)
    optim = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9, nesterov=True, weight_decay=5e-4)
    for epoch in range(10):
        net.train()
        meter, seen = 0.0, 0
        for x, y in train_loader:
            optim.zero_grad()
            loss = loss_fn(net(x), y)
            loss.backward()
            optim.step()
            meter, seen = meter + loss.item() * len(y), seen + len(y)
        net.eval()
        with torch.no_grad():
            x, y = next(iter(val_loader))
            out = net(x)
        print(f"epoch {epoch}: train {meter / seen:.4f} val {loss_fn(out, y).item():.4f} "
              f"acc {(out.argmax(1) == y).float().mean().item():.3f}")
