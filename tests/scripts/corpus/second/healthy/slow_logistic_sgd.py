# CS229-style exercise: softmax regression on the digits by plain mini-batch gradient descent
import torch
from sklearn.datasets import load_digits

g = torch.Generator().manual_seed(10)
digits = load_digits()
X = torch.tensor(digits.data, dtype=torch.float32) / 16
X = torch.cat([X, torch.ones(len(X), 1)], dim=1)
Y = torch.tensor(digits.target)
ONE_HOT = torch.eye(10)[Y]

theta = torch.zeros(65, 10, requires_grad=True)
alpha = 0.02
lam = 1e-4


def objective(rows):
    scores = X[rows] @ theta
    log_p = scores - torch.logsumexp(scores, dim=1, keepdim=True)
    data_term = -(ONE_HOT[rows] * log_p).sum(dim=1).mean()
    return data_term + 0.5 * lam * (theta**2).sum()


optimizer = torch.optim.SGD([theta], lr=alpha)
for k in range(500):
    rows = torch.randint(0, len(X), (32,), generator=g)
    J = objective(rows)
    optimizer.zero_grad()
    J.backward()
    optimizer.step()
    if k % 50 == 0:
        with torch.no_grad():
            full = objective(torch.arange(len(X))).item()
            err = ((X @ theta).argmax(1) != Y).float().mean().item()
        print(f"k={k:3d}  J={full:.4f}  error={err:.3f}")
