import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

EPS = 0.08


def fgsm(model, x, y, eps):
    x_adv = x.detach().clone().requires_grad_(True)
    loss = F.cross_entropy(model(x_adv), y)
    (grad,) = torch.autograd.grad(loss, x_adv)
    return (x_adv + eps * grad.sign()).clamp(0, 1).detach()


def accuracy(model, x, y):
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


def train(model, x, y, steps, lr):
    opt = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9, weight_decay=1e-4)
    for step in range(1, steps + 1):
        i = torch.randint(0, len(x), (64,))
        xb, yb = x[i], y[i]
        x_adv = fgsm(model, xb, yb, EPS)
        clean = F.cross_entropy(model(xb), yb)
        robust = F.cross_entropy(model(x_adv), yb)
        loss = 0.5 * (clean + robust)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 50 == 0:
            print(f"{step}: clean {clean.item():.3f} robust {robust.item():.3f}")


torch.manual_seed(64)
d = load_digits()
xtr, xte, ytr, yte = train_test_split(d.images[:, None] / 16, d.target, random_state=64)
xtr, xte = torch.tensor(xtr).float(), torch.tensor(xte).float()
ytr, yte = torch.tensor(ytr), torch.tensor(yte)
net = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1),
    nn.ReLU(),
    nn.Conv2d(16, 16, 3, stride=2, padding=1),
    nn.ReLU(),
    nn.Flatten(),
    nn.Linear(16 * 16, 10),
)
train(net, xtr, ytr, 300, 0.05)
print("test acc:", accuracy(net, xte, yte))
print("test acc under attack:", accuracy(net, fgsm(net, xte, yte, EPS), yte))
