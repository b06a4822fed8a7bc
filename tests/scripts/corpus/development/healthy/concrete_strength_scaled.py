# Concrete strength (synthetic version of the UCI table), target in MPa, errors reported in MPa.
import torch

gen = torch.Generator().manual_seed(18)
torch.manual_seed(18)


def mixture(n):
    cement = 100 + 440 * torch.rand(n, generator=gen)
    water = 120 + 130 * torch.rand(n, generator=gen)
    agg = 1500 + 400 * torch.rand(n, generator=gen)
    age = 1 + 90 * torch.rand(n, generator=gen)
    strength = 28 * (cement / water - 0.4).clamp(min=0.1) ** 0.7 * torch.log1p(age) / 4 - 0.006 * (agg - 1500)
    return torch.stack([cement, water, agg, age], 1), strength + 1.5 * torch.randn(n, generator=gen)


X, s = mixture(3600)
n_tr = 3000
mx, sx = X[:n_tr].mean(0), X[:n_tr].std(0)
ms, ss = s[:n_tr].mean(), s[:n_tr].std()
Z, t = (X - mx) / sx, (s - ms) / ss

W1 = (torch.randn(4, 50) * (1 / 4) ** 0.5).requires_grad_()
b1 = torch.zeros(50, requires_grad=True)
W2 = (torch.randn(50, 25) * (1 / 50) ** 0.5).requires_grad_()
b2 = torch.zeros(25, requires_grad=True)
W3 = (torch.randn(25, 1) * (1 / 25) ** 0.5).requires_grad_()
b3 = torch.zeros(1, requires_grad=True)


def predict(z):
    h = torch.tanh(z @ W1 + b1)
    h = torch.tanh(h @ W2 + b2)
    return (h @ W3 + b3).squeeze(1)


opt = torch.optim.Adagrad([W1, b1, W2, b2, W3, b3], lr=0.04)
for epoch in range(10):
    acc = 0.0
    for idx in torch.randperm(n_tr, generator=gen).split(60):
        residual = predict(Z[idx]) - t[idx]
        loss = residual.pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        acc += loss.item() * len(idx)
    with torch.no_grad():
        mae = ((predict(Z[n_tr:]) - t[n_tr:]).abs().mean() * ss).item()
    print(f"epoch {epoch} mse(std) {acc / n_tr:.4f} holdout MAE {mae:.2f} MPa")
