"""Housing-like regression with log targets and ReduceLROnPlateau."""
from dataclasses import dataclass, field
import torch
import torch.nn as nn


@dataclass
class Data:
    n: int = 5000
    seed: int = 4
    x: torch.Tensor = field(init=False)
    y: torch.Tensor = field(init=False)

    def __post_init__(self):
        g = torch.Generator().manual_seed(self.seed)
        inc = torch.empty(self.n).log_normal_(1.2, 0.5, generator=g)
        age = 52 * torch.rand(self.n, generator=g)
        lat = 32 + 10 * torch.rand(self.n, generator=g)
        lon = -124 + 10 * torch.rand(self.n, generator=g)
        occ = torch.empty(self.n).log_normal_(1.0, 0.3, generator=g)
        dist = ((lat - 34) ** 2 + (lon + 118) ** 2).sqrt()
        value = 30000 * inc * (1 + 0.5 * torch.exp(-dist / 2)) * (1 + 0.003 * age) / occ.sqrt()
        value = value * torch.exp(0.1 * torch.randn(self.n, generator=g))
        raw = torch.stack([inc.log(), age, lat, lon, occ.log()], 1)
        self.x = (raw - raw[:4000].mean(0)) / raw[:4000].std(0)
        logv = value.log()
        self.y = (logv - logv[:4000].mean()) / logv[:4000].std()


def main():
    torch.manual_seed(0)
    d = Data()
    model = nn.Sequential(nn.Linear(5, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 1), nn.Flatten(0))
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    sched = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, factor=0.3, patience=1)
    huber = nn.HuberLoss()
    for epoch in range(12):
        model.train()
        tl = 0.0
        for idx in torch.randperm(4000).split(80):
            opt.zero_grad()
            loss = huber(model(d.x[idx]), d.y[idx])
            loss.backward()
            opt.step()
            tl += loss.item() * len(idx) / 4000
        model.eval()
        with torch.inference_mode():
            vl = huber(model(d.x[4000:]), d.y[4000:]).item()
        sched.step(vl)
        print(f"epoch {epoch} train {tl:.4f} val {vl:.4f} lr {opt.param_groups[0]['lr']:.1e}")


main()
