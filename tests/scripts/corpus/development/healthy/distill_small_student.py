"""Knowledge distillation on digits: a wide teacher, then a narrow student."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(30)
d = load_digits()
p = torch.randperm(len(d.target))
X = torch.tensor(d.data, dtype=torch.float32)[p] / 8 - 1
Y = torch.tensor(d.target)[p]
Xt, Yt, Xv, Yv = X[:1400], Y[:1400], X[1400:], Y[1400:]


def mlp(width, drop):
    return nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Dropout(drop), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 10))


def accuracy(net):
    net.eval()
    with torch.no_grad():
        return (net(Xv).argmax(1) == Yv).float().mean().item()


def loop(net, loss_of, epochs, lr, tag):
    opt = torch.optim.Adam(net.parameters(), lr=lr)
    for epoch in range(epochs):
        net.train()
        tot = 0.0
        batches = torch.randperm(len(Xt)).split(50)
        for idx in batches:
            loss = loss_of(net, Xt[idx], Yt[idx])
            opt.zero_grad(set_to_none=True)
            loss.backward()
            opt.step()
            tot += loss.item()
        print(f"{tag} epoch {epoch} loss {tot / len(batches):.4f} acc {accuracy(net):.4f}")


teacher, student = mlp(160, 0.4), mlp(20, 0.0)
loop(teacher, lambda net, x, y: F.cross_entropy(net(x), y), 4, 2e-3, "teacher")
teacher.eval().requires_grad_(False)
T = 3.0


def distil_loss(net, x, y):
    with torch.no_grad():
        soft = F.softmax(teacher(x) / T, dim=1)
    out = net(x)
    kd = F.kl_div(F.log_softmax(out / T, dim=1), soft, reduction="batchmean") * T * T
    return 0.7 * kd + 0.3 * F.cross_entropy(out, y)


loop(student, distil_loss, 14, 4e-3, "student")
