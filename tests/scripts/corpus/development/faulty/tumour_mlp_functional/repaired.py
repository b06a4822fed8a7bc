"""Breast cancer classification in a purely functional style (parameters as a dict of tensors)."""
import torch
import torch.nn.functional as F
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

torch.manual_seed(5)


def init_params(sizes):
    params = {}
    for i, (a, b) in enumerate(zip(sizes[:-1], sizes[1:])):
        params[f"w{i}"] = (torch.randn(a, b) / a ** 0.5).requires_grad_()
        params[f"b{i}"] = torch.zeros(b, requires_grad=True)
    return params


def forward(params, x):
    depth = len(params) // 2
    for i in range(depth):
        x = x @ params[f"w{i}"] + params[f"b{i}"]
        if i < depth - 1:
            x = torch.tanh(x)
    return x.squeeze(-1)


def batches(x, y, size):
    for idx in torch.randperm(len(x)).split(size):
        if len(idx) == size:
            yield x[idx], y[idx]


X, y = load_breast_cancer(return_X_y=True)
Xtr, Xte, ytr, yte = train_test_split(X, y, test_size=0.25, stratify=y, random_state=5)
mu, sd = Xtr.mean(0), Xtr.std(0)
Xtr, Xte = (torch.tensor((a - mu) / sd, dtype=torch.float32) for a in (Xtr, Xte))
ytr, yte = (torch.tensor(a, dtype=torch.float32) for a in (ytr, yte))

params = init_params([30, 24, 12, 1])
optimizer = torch.optim.SGD(params.values(), lr=0.05, weight_decay=1e-2)
for epoch in range(25):
    for xb, yb in batches(Xtr, ytr, 32):
        loss = F.binary_cross_entropy_with_logits(forward(params, xb), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        val = F.binary_cross_entropy_with_logits(forward(params, Xte), yte)
        acc = ((forward(params, Xte) > 0) == (yte > 0.5)).float().mean()
    if epoch % 4 == 0:
        print(f"{epoch:3d} {loss.item():.4f} val {val.item():.4f} acc {acc.item():.3f}")
print("spread of first-layer columns", params["w0"].std(dim=1).mean().item())
