import math
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def gratings(n, seed):
    g = torch.Generator().manual_seed(seed)
    label = torch.randint(0, 5, (n,), generator=g)
    theta = label * math.pi / 5 + 0.1 * torch.randn(n, generator=g)
    phase = 2 * math.pi * torch.rand(n, generator=g)
    freq = 0.8 + 0.4 * torch.rand(n, generator=g)
    u = torch.arange(16.)
    yy, xx = torch.meshgrid(u, u, indexing="ij")
    arg = freq[:, None, None] * (xx * theta.cos()[:, None, None] + yy * theta.sin()[:, None, None]) + phase[:, None, None]
    return torch.sin(arg).unsqueeze(1) + 0.8 * torch.randn(n, 1, 16, 16, generator=g), label


class TextureNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stage1 = nn.Sequential(nn.Conv2d(1, 16, 5, padding=2), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2))
        self.stage2 = nn.Sequential(nn.Conv2d(16, 24, 3, padding=1), nn.BatchNorm2d(24), nn.ReLU())
        self.classifier = nn.Linear(24, 5)

    def forward(self, x):
        return self.classifier(self.stage2(self.stage1(x)).mean(dim=(2, 3)))


class Experiment:
    def __init__(self):
        torch.manual_seed(31)
        self.net = TextureNet()
        self.optim = torch.optim.SGD(self.net.parameters(), lr=0.05, momentum=0.9, nesterov=True)
        self.crit = nn.CrossEntropyLoss()
        self.train_dl = DataLoader(TensorDataset(*gratings(1920, 0)), batch_size=48, shuffle=True)
        self.val_dl = DataLoader(TensorDataset(*gratings(480, 1)), batch_size=48)

    def train_epoch(self):
        self.net.train()
        mean = 0.0
        for x, y in self.train_dl:
            self.optim.zero_grad()
            loss = self.crit(self.net(x), y)
            loss.backward()
            self.optim.step()
            mean += loss.item() / len(self.train_dl)
        return mean

    @torch.no_grad()
    def validate(self):
        loss, hits = 0.0, 0
        for x, y in self.val_dl:
            out = self.net(x)
            loss += self.crit(out, y).item() / len(self.val_dl)
            hits += (out.argmax(1) == y).sum().item()
        return loss, hits / 480

    def run(self, epochs=7):
        for e in range(epochs):
            tl = self.train_epoch()
            vl, va = self.validate()
            print(f"epoch={e} train_loss={tl:.4f} val_loss={vl:.4f} val_acc={va:.4f}")


Experiment().run()
