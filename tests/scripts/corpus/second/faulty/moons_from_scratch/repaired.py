# Homework 2: two-layer network on the two-moons data, autograd only (no nn.Module)
import torch
import torch.nn.functional as F
from sklearn.datasets import make_moons

torch.manual_seed(1234)

X, t = make_moons(n_samples=600, noise=0.15, random_state=1234)
X = torch.tensor(X, dtype=torch.float32)
t = torch.tensor(t, dtype=torch.float32)

H = 16
W1 = torch.randn(2, H)
b1 = torch.zeros(H)
W2 = torch.zeros(H, 1)
b2 = torch.zeros(1)
params = [W1, b1, W2, b2]
for p in params:
    p.requires_grad_(True)


def forward(x):
    h = torch.sigmoid(x @ W1 + b1)
    return (h @ W2 + b2).squeeze(1)


opt = torch.optim.Adam(params, lr=0.05)
losses = []
for k in range(400):
    i = torch.randint(0, 600, (100,))
    z = forward(X[i])
    loss = F.binary_cross_entropy_with_logits(z, t[i])
    opt.zero_grad()
    loss.backward()
    opt.step()
    losses.append(loss.item())
    if k % 40 == 39:
        acc = ((forward(X) > 0) == (t > 0.5)).float().mean().item()
        print(f"iteration {k + 1}: loss = {sum(losses[-40:]) / 40:.4f}, accuracy = {acc:.3f}")
