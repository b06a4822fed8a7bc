from dataclasses import dataclass
import math
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Options:
    drop: float = 0.85
    shuffle: bool = False
    lr: float = 4e-3
    batch: int = 40
    epochs: int = 5


def textures(per_class, seed, classes=6, S=12):
    g = torch.Generator().manual_seed(seed)
    yy, xx = torch.meshgrid(torch.arange(S), torch.arange(S), indexing="ij")
    imgs = []
    for c in range(classes):
        ang = c * math.pi / classes
        phase = torch.rand(per_class, 1, 1, generator=g) * 6.28
        wave = torch.sin((xx * math.cos(ang) + yy * math.sin(ang)) * 1.3 + phase)
        imgs.append(wave + 0.6 * torch.randn(per_class, S, S, generator=g))
    return torch.cat(imgs).unsqueeze(1), torch.arange(classes).repeat_interleave(per_class)


class TextureNet(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 16, 5), nn.ReLU(), nn.Dropout2d(p), nn.Conv2d(16, 16, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(2))
        self.top = nn.Sequential(nn.Flatten(), nn.Linear(64, 48), nn.ELU(), nn.Dropout(p), nn.Linear(48, 6))

    def forward(self, x):
        return self.top(self.features(x))


class Trainer:
    def __init__(self, opt):
        self.o = opt
        self.net = TextureNet(opt.drop)
        self.optim = torch.optim.Adam(self.net.parameters(), lr=opt.lr)
        self.loss = nn.CrossEntropyLoss()

    def run(self, train, val):
        for e in range(self.o.epochs):
            self.net.train()
            tot = 0
            for x, y in train:
                self.optim.zero_grad()
                l = self.loss(self.net(x), y)
                l.backward()
                self.optim.step()
                tot += l.item()
            print("epoch", e, "loss %.4f" % (tot / len(train)), "val %.3f" % self.accuracy(val))

    @torch.no_grad()
    def accuracy(self, val):
        self.net.eval()
        return (self.net(val[0]).argmax(1) == val[1]).float().mean().item()


torch.manual_seed(0)
o = Options()
dl = DataLoader(TensorDataset(*textures(350, 1)), batch_size=o.batch, shuffle=o.shuffle)
Trainer(o).run(dl, textures(60, 2))
