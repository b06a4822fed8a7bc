import math

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset, random_split

LINKS = torch.tensor([0.5, 0.35, 0.25])


def forward_kinematics(q):
    total = q.cumsum(1)
    return torch.stack([(LINKS * total.cos()).sum(1), (LINKS * total.sin()).sum(1)], dim=1)


def angles_to_features(q):
    return torch.cat([q.sin(), q.cos()], dim=1)


torch.manual_seed(3)
q = (torch.rand(4000, 3) * 2 - 1) * math.pi * 0.7
tip = forward_kinematics(q) + 0.01 * torch.randn(4000, 2)
tip = (tip - tip.mean(0)) / tip.std(0)
train, valid = random_split(TensorDataset(angles_to_features(q), tip), [3200, 800])
train_loader = DataLoader(train, batch_size=64, shuffle=True)
valid_loader = DataLoader(valid, batch_size=400)

model = nn.Sequential(nn.Linear(6, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 2))
optimizer = optim.RMSprop(model.parameters(), lr=3e-3)
scheduler = optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.4, patience=1, min_lr=1e-5)
loss_fn = nn.SmoothL1Loss()

for epoch in range(12):
    model.train()
    train_loss = 0.0
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        train_loss += loss.item()
    model.eval()
    with torch.inference_mode():
        val_loss = sum(loss_fn(model(x), y).item() for x, y in valid_loader) / len(valid_loader)
    scheduler.step(val_loss)
    print(f"{epoch:2d} lr {optimizer.param_groups[0]['lr']:.5f} train {train_loss / len(train_loader):.5f} val {val_loss:.5f}")
