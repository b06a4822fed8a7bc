import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

torch.manual_seed(88)


def heartbeats(n):
    y = (torch.rand(n) < 0.07).long()
    t = torch.linspace(-1, 1, 48)
    centre = 0.1 * torch.randn(n, 1)
    width = torch.where(y == 1, 0.30, 0.16)[:, None] * (1 + 0.15 * torch.randn(n, 1))
    beat = torch.exp(-((t - centre) / width) ** 2) - 0.3 * torch.exp(-((t - centre - 0.45) / 0.2) ** 2)
    x = beat + 0.25 * torch.randn(n, 48)
    return ((x - 0.15) / 0.45).unsqueeze(1), y


x, y = heartbeats(4000)
xv, yv = heartbeats(1500)
weights = (1.0 / torch.bincount(y).float())[y]
sampler = WeightedRandomSampler(weights, num_samples=len(y), replacement=True)
loader = DataLoader(TensorDataset(x, y), batch_size=64, sampler=sampler)

model = nn.Sequential(
    nn.Conv1d(1, 8, 7, stride=2, padding=3), nn.ReLU(),
    nn.Conv1d(8, 16, 5, stride=2, padding=2), nn.ReLU(),
    nn.AdaptiveAvgPool1d(4), nn.Flatten(), nn.Dropout(0.2), nn.Linear(64, 2),
)
opt = torch.optim.AdamW(model.parameters(), lr=1.5e-3, weight_decay=1e-2)
ce = nn.CrossEntropyLoss()
for epoch in range(6):
    model.train()
    s = 0.0
    for xb, yb in loader:
        opt.zero_grad()
        loss = ce(model(xb), yb)
        loss.backward()
        opt.step()
        s += loss.item()
    model.eval()
    with torch.no_grad():
        p = model(xv).argmax(1)
    rec = [(p[yv == k] == k).float().mean().item() for k in (0, 1)]
    print(f"epoch {epoch} loss {s / len(loader):.4f} recall normal {rec[0]:.3f} rare {rec[1]:.3f}")
