# %% imports
import math

import torch
from torch import nn, optim

torch.manual_seed(55)

# %% three-armed spiral
n_per_arm = 300
xs, ys = [], []
for arm in range(3):
    r = torch.linspace(0.1, 1, n_per_arm)
    theta = arm * 2 * math.pi / 3 + 3.5 * r + 0.12 * torch.randn(n_per_arm)
    xs.append(torch.stack([r * theta.cos(), r * theta.sin()], dim=1))
    ys.append(torch.full((n_per_arm,), arm))
xs, ys = torch.cat(xs), torch.cat(ys)

# %% model
model = nn.Sequential(
    nn.Linear(2, 64),
    nn.ELU(),
    nn.Linear(64, 64),
    nn.ELU(),
    nn.Linear(64, 3),
)
optimizer = optim.Adam(model.parameters(), lr=1e-2)
criterion = nn.CrossEntropyLoss()

# %% train
for step in range(400):
    sel = torch.randint(0, len(xs), (128,))
    optimizer.zero_grad()
    loss = criterion(model(xs[sel]), ys[sel])
    loss.backward()
    optimizer.step()
    if (step + 1) % 40 == 0:
        print(step + 1, loss.item())

# %% accuracy on the whole set
with torch.no_grad():
    print("acc", (model(xs).argmax(1) == ys).float().mean().item())
