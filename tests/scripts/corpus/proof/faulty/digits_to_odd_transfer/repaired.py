import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(13)
X, y = load_digits(return_X_y=True)
X = torch.tensor(X, dtype=torch.float32) / 16
X = (X - X.mean(0)) / (X.std(0) + 0.2)
y = torch.tensor(y)
p = torch.randperm(len(X))
X, y = X[p], y[p]
low, high = y < 5, y >= 5

backbone = nn.Sequential(nn.Linear(64, 64), nn.ReLU())


# a short warm start on the digits 0..4
def pretrain(steps=25):
    head = nn.Linear(64, 5)
    opt = torch.optim.Adam([*backbone.parameters(), *head.parameters()], lr=1e-2)
    xs, ys = X[low], y[low]
    for _ in range(steps):
        b = torch.randint(0, len(xs), (128,))
        loss = F.cross_entropy(head(backbone(xs[b])), ys[b])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print("pretraining done, loss %.3f" % loss.item())


class Transferred(nn.Module):
    def __init__(self, base):
        super().__init__()
        self.base = base
        self.middle = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 6), nn.Tanh())
        self.classifier = nn.Linear(6, 5)

    def forward(self, x):
        with torch.no_grad():
            h = self.base(x)
        return self.classifier(self.middle(h))


pretrain()
for w in backbone.parameters():
    w.requires_grad_(False)
model = Transferred(backbone)
xs, ys = X[high], y[high] - 5
xtr, ytr, xva, yva = xs[:700], ys[:700], xs[700:], ys[700:]
optimizer = torch.optim.SGD([*model.middle.parameters(), *model.classifier.parameters()], lr=0.1, momentum=0.9)
for epoch in range(12):
    model.train()
    tot = 0.0
    for b in torch.randperm(700).split(35):
        loss = F.cross_entropy(model(xtr[b]), ytr[b])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        tot += loss.item() / 20
    model.eval()
    with torch.no_grad():
        acc = (model(xva).argmax(1) == yva).float().mean().item()
    print(f"epoch {epoch} loss {tot:.4f} acc {acc:.3f}")
