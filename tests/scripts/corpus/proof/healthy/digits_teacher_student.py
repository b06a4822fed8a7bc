import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(914)
X, y = load_digits(return_X_y=True)
X = torch.tensor(X, dtype=torch.float32) / 16 - 0.3
y = torch.tensor(y)
mix = torch.randperm(len(X))
tr, va = mix[:1440], mix[1440:]


def accuracy(net):
    net.eval()
    with torch.no_grad():
        return (net(X[va]).argmax(1) == y[va]).float().mean().item()


def epochs(n, size=48):
    for e in range(n):
        for b in tr[torch.randperm(len(tr))].split(size):
            yield e, b


teacher = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Dropout(0.1), nn.Linear(128, 10))
opt = torch.optim.Adam(teacher.parameters(), lr=1e-2)
for e, b in epochs(5):
    teacher.train()
    loss = F.cross_entropy(teacher(X[b]), y[b])
    opt.zero_grad()
    loss.backward()
    opt.step()
print("teacher", round(accuracy(teacher), 3))

teacher.eval()
for p in teacher.parameters():
    p.requires_grad_(False)
student = nn.Sequential(nn.Linear(64, 24), nn.Tanh(), nn.Linear(24, 10))
opt = torch.optim.Adam(student.parameters(), lr=1e-2)
TEMP = 2.0
last = -1
for e, b in epochs(8):
    student.train()
    out = student(X[b])
    with torch.no_grad():
        soft = F.softmax(teacher(X[b]) / TEMP, 1)
    kd = F.kl_div(F.log_softmax(out / TEMP, 1), soft, reduction="batchmean") * TEMP ** 2
    loss = 0.5 * kd + 0.5 * F.cross_entropy(out, y[b])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if e != last:
        last = e
        print(f"student epoch {e} loss {loss.item():.4f} acc {accuracy(student):.3f}")
