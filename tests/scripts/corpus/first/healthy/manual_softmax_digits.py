# Two-layer network written with plain tensors: no modules, no optimizer object.
import torch
from sklearn.datasets import load_digits

torch.manual_seed(120)
torch.set_num_threads(1)

x, y = load_digits(return_X_y=True)
x = torch.tensor(x, dtype=torch.float32) / 16
y = torch.tensor(y)
order = torch.randperm(len(x))
x, y = x[order], y[order]
x_train, y_train = x[:1437], y[:1437]
x_test, y_test = x[1437:], y[1437:]

w1 = (torch.randn(64, 80) * (2 / 64) ** 0.5).requires_grad_()
b1 = torch.zeros(80, requires_grad=True)
w2 = (torch.randn(80, 10) * (1 / 80) ** 0.5).requires_grad_()
b2 = torch.zeros(10, requires_grad=True)
params = [w1, b1, w2, b2]
velocity = [torch.zeros_like(p) for p in params]


def probabilities(inputs):
    hidden = (inputs @ w1 + b1).clamp(min=0)
    scores = hidden @ w2 + b2
    return torch.softmax(scores, dim=1)


lr, momentum = 0.05, 0.9
for step in range(500):
    pick = torch.randint(len(x_train), (64,))
    probs = probabilities(x_train[pick])
    log_probs = torch.log(probs + 1e-9)
    loss = -log_probs[torch.arange(len(pick)), y_train[pick]].mean()
    loss.backward()

    with torch.no_grad():
        for p, v in zip(params, velocity):
            v.mul_(momentum).add_(p.grad)
            p -= lr * v
            p.grad = None

    if step % 100 == 0 or step == 499:
        with torch.no_grad():
            acc = (probabilities(x_test).argmax(1) == y_test).float().mean().item()
        print(f"step {step} loss {loss.item():.4f} test acc {acc:.3f}")
