from dataclasses import dataclass
import math
import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader


@dataclass
class Cfg:
    n: int = 1600
    length: int = 30
    hidden: int = 32
    batch: int = 40
    lr: float = 0.02
    epochs: int = 7
    seed: int = 21


class Waves(Dataset):
    """sine, square and sawtooth with random phase, some noise"""

    def __init__(self, cfg, seed):
        g = torch.Generator().manual_seed(seed)
        t = torch.linspace(0, 4 * math.pi, cfg.length)
        phase = torch.rand(cfg.n, 1, generator=g) * 2 * math.pi
        arg = t[None] + phase
        kind = torch.randint(0, 3, (cfg.n,), generator=g)
        sine = torch.sin(arg) * 1.3
        square = torch.sign(torch.sin(arg))
        saw = (arg % (2 * math.pi)) / math.pi - 1
        all_ = torch.stack([sine, square, saw * 1.6], 1)
        self.x = all_[torch.arange(cfg.n), kind] + 0.15 * torch.randn(cfg.n, cfg.length, generator=g)
        self.y = kind

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i].unsqueeze(-1), self.y[i]


class WaveNet(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.rnn = nn.GRU(1, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 3)

    def forward(self, x):
        seq, last = self.rnn(x)
        return {"logits": self.out(seq.mean(1)), "state": last}


cfg = Cfg()
torch.manual_seed(cfg.seed)
train = DataLoader(Waves(cfg, 1), batch_size=cfg.batch, shuffle=True)
test = Waves(cfg, 2)
model = WaveNet(cfg.hidden)
optim = torch.optim.Adam(model.parameters(), lr=cfg.lr)
loss_fn = nn.CrossEntropyLoss()
for ep in range(cfg.epochs):
    model.train()
    tot = 0
    for x, y in train:
        out = model(x)
        loss = loss_fn(out["logits"], y)
        optim.zero_grad()
        loss.backward()
        optim.step()
        tot += loss.item()
    model.eval()
    with torch.no_grad():
        acc = (model(test.x.unsqueeze(-1))["logits"].argmax(-1) == test.y).float().mean()
    print("epoch", ep, "loss", round(tot / len(train), 4), "acc", round(acc.item(), 3))
