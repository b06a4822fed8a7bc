import torch
from sklearn.datasets import make_moons

torch.manual_seed(2024)
pts, cls = make_moons(n_samples=800, noise=0.12, random_state=2024)
X = torch.tensor(pts, dtype=torch.float32)
Y = torch.tensor(cls, dtype=torch.float32)

H = 16
W1 = torch.randn(2, H)
b1 = torch.zeros(H)
W2 = 0.3 * torch.randn(H, 1)
b2 = torch.zeros(1)
params = [W1, b1, W2, b2]
for p in params:
    p.requires_grad_()

optimizer = torch.optim.Adam(params, lr=0.05)


def forward(x):
    hidden = torch.sigmoid(x @ W1 + b1)
    return (hidden @ W2 + b2).reshape(-1)


for it in range(500):
    out = forward(X)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(out, Y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if it % 100 == 99:
        acc = ((out > 0).float() == Y).float().mean().item()
        print(f"{it + 1:4d}  loss {loss.item():.4f}  acc {acc:.3f}")
