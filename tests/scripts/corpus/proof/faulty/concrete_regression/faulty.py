import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

rng = np.random.default_rng(7)
torch.manual_seed(7)

# strength of a mix from eight ingredients
n = 2500
mix = rng.uniform(0, 1, size=(n, 8))
strength = 40 * mix[:, 0] * (1 - mix[:, 3]) + 15 * np.log1p(5 * mix[:, 7]) - 12 * (mix[:, 4] - 0.4) ** 2 + rng.normal(0, 1.5, n)
mix = (mix - mix.mean(0)) / mix.std(0)
target = (strength - strength.mean()) / strength.std()
X = torch.tensor(mix, dtype=torch.float32)
Y = torch.tensor(target, dtype=torch.float32)[:, None]
Xtr, Ytr, Xva, Yva = X[:2000], Y[:2000], X[2000:], Y[2000:]

net = nn.Sequential(nn.Linear(8, 50), nn.ReLU(), nn.Linear(50, 50), nn.ReLU(), nn.Linear(50, 1))
opt = torch.optim.SGD(net.parameters(), lr=0.4, momentum=0.9, nesterov=True)


def validate():
    net.eval()
    with torch.no_grad():
        v = F.mse_loss(net(Xva), Yva).item()
    net.train()
    return v


step = 0
for epoch in range(10):
    order = torch.randperm(len(Xtr))
    for i in range(0, len(Xtr), 50):
        b = order[i:i + 50]
        opt.zero_grad()
        loss = F.mse_loss(net(Xtr[b]), Ytr[b])
        loss.backward()
        opt.step()
        step += 1
    print("step", step, "train", round(loss.item(), 4), "valid", round(validate(), 4))
