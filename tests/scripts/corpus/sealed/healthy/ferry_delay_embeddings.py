import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

CARDINALITY = {"harbour": 25, "vessel": 12, "weekday": 7}


class Crossings(Dataset):
    def __init__(self, n, seed):
        world = torch.Generator().manual_seed(99)
        harbour_bias = torch.randn(25, generator=world)
        vessel_speed = torch.randn(12, generator=world)
        weekday_load = torch.randn(7, generator=world)
        g = torch.Generator().manual_seed(seed)
        self.cats = torch.stack([torch.randint(k, (n,), generator=g) for k in CARDINALITY.values()], 1)
        self.nums = torch.randn(n, 2, generator=g)               # wind, tide (standard units)
        h, v, w = self.cats.T
        late = harbour_bias[h] + 0.7 * weekday_load[w] - vessel_speed[v] * self.nums[:, 0] + 0.4 * self.nums[:, 1] ** 2
        self.late = ((late - 0.4) / 1.75 + 0.15 * torch.randn(n, generator=g)).float()

    def __len__(self):
        return len(self.late)

    def __getitem__(self, i):
        return {"cats": self.cats[i], "nums": self.nums[i], "late": self.late[i]}


class DelayNet(nn.Module):
    def __init__(self, dim=6, hidden=64):
        super().__init__()
        self.tables = nn.ModuleDict({k: nn.Embedding(n, dim) for k, n in CARDINALITY.items()})
        self.mlp = nn.Sequential(
            nn.Linear(3 * dim + 2, hidden), nn.LayerNorm(hidden), nn.ReLU(),
            nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 1),
        )

    def forward(self, batch):
        parts = [table(batch["cats"][:, i]) for i, table in enumerate(self.tables.values())]
        return self.mlp(torch.cat([*parts, batch["nums"]], dim=1)).squeeze(1)


torch.manual_seed(13)
train = DataLoader(Crossings(4000, 1), batch_size=80, shuffle=True)
valid = DataLoader(Crossings(800, 2), batch_size=400)
net = DelayNet()
opt = torch.optim.Adagrad(net.parameters(), lr=0.05)
for epoch in range(10):
    net.train()
    run = 0.0
    for batch in train:
        loss = nn.functional.mse_loss(net(batch), batch["late"])
        opt.zero_grad()
        loss.backward()
        opt.step()
        run += loss.item()
    net.eval()
    with torch.no_grad():
        val = sum(nn.functional.mse_loss(net(b), b["late"]).item() for b in valid) / len(valid)
    print(f"epoch {epoch}: train {run / len(train):.4f} val {val:.4f}")
