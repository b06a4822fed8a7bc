import random
from dataclasses import dataclass
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Cfg:
    rows: int = 4000
    epochs: int = 14
    batch: int = 128
    lr: float = 5e-3
    seed: int = 5


def read_tables(cfg):
    """Two tables keyed by the station id, as they would come from two files."""
    rng = np.random.default_rng(cfg.seed)
    readings, yields = {}, {}
    for sid in range(10_000, 10_000 + cfg.rows):
        r = rng.normal(size=8)
        readings[sid] = r
        yields[sid] = np.sin(r[0] * 1.5) + 0.6 * r[1] * r[2] + 0.4 * abs(r[3]) + 0.1 * rng.normal()
    return readings, yields


def assemble(cfg):
    readings, yields = read_tables(cfg)
    ids = list(readings)
    random.Random(cfg.seed).shuffle(ids)
    x = np.stack([readings[i] for i in ids])
    t = np.array([yields[i] for i in yields])
    t = (t - t.mean()) / t.std()
    x, t = torch.tensor(x, dtype=torch.float32), torch.tensor(t, dtype=torch.float32).unsqueeze(1)
    cut = int(0.8 * len(ids))
    return TensorDataset(x[:cut], t[:cut]), TensorDataset(x[cut:], t[cut:])


def main(cfg=Cfg()):
    torch.manual_seed(cfg.seed)
    train, valid = assemble(cfg)
    net = nn.Sequential(nn.Linear(8, 48), nn.SiLU(), nn.Linear(48, 48), nn.SiLU(), nn.Linear(48, 1))
    opt = torch.optim.AdamW(net.parameters(), lr=cfg.lr, weight_decay=1e-3)
    loss_fn = nn.MSELoss()
    for ep in range(cfg.epochs):
        net.train()
        run = 0.0
        for xb, tb in DataLoader(train, cfg.batch, shuffle=True):
            opt.zero_grad()
            loss = loss_fn(net(xb), tb)
            loss.backward()
            opt.step()
            run += loss.item() * len(xb)
        net.eval()
        with torch.no_grad():
            v = loss_fn(net(valid.tensors[0]), valid.tensors[1]).item()
        print(f"{ep:2d} train {run / len(train):.4f} valid {v:.4f}")


if __name__ == "__main__":
    main()
