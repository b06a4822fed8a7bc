from dataclasses import dataclass
import torch
from torch import nn
from sklearn.datasets import load_digits


@dataclass
class Config:
    depth: int = 10
    width: int = 64
    activation: type = nn.ReLU
    lr: float = 1e-3
    batch: int = 64
    epochs: int = 11


class Tower(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.stem = nn.Linear(64, cfg.width)
        self.hidden = nn.ModuleList(nn.Linear(cfg.width, cfg.width) for _ in range(cfg.depth - 1))
        self.act = cfg.activation()
        self.readout = nn.Linear(cfg.width, 10)
        for layer in [self.stem, *self.hidden]:
            nn.init.kaiming_normal_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        x = self.act(self.stem(x))
        for layer in self.hidden:
            x = self.act(layer(x))
        return self.readout(x)


class Trainer:
    def __init__(self, cfg):
        torch.manual_seed(0)
        d = load_digits()
        perm = torch.randperm(len(d.target))
        x = (torch.tensor(d.data, dtype=torch.float32)[perm] - 4.9) / 6.0
        y = torch.tensor(d.target)[perm]
        self.train_xy, self.valid_xy = (x[:1400], y[:1400]), (x[1400:], y[1400:])
        self.cfg, self.net = cfg, Tower(cfg)
        self.opt = torch.optim.Adam(self.net.parameters(), lr=cfg.lr, weight_decay=1e-4)

    def run(self):
        x, y = self.train_xy
        for ep in range(self.cfg.epochs):
            self.net.train()
            for idx in torch.randperm(len(x)).split(self.cfg.batch):
                self.opt.zero_grad()
                loss = nn.functional.cross_entropy(self.net(x[idx]), y[idx])
                loss.backward()
                self.opt.step()
            if ep % 3 == 0 or ep == self.cfg.epochs - 1:
                g0, g1 = self.net.stem.weight.grad.norm().item(), self.net.hidden[-1].weight.grad.norm().item()
                print(f"ep {ep} loss {loss.item():.3f} valid acc {self.validate():.3f} grad first/last {g0:.1e}/{g1:.1e}")

    @torch.no_grad()
    def validate(self):
        self.net.eval()
        x, y = self.valid_xy
        return (self.net(x).argmax(1) == y).float().mean().item()


Trainer(Config()).run()
