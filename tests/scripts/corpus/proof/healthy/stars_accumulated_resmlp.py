import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split

torch.manual_seed(917)
MICRO, ACCUM = 24, 4


class Residual(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.f = nn.Sequential(nn.LayerNorm(d), nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, d))

    def forward(self, x):
        return x + self.f(x)


def build(d, k, width=40, depth=2):
    return nn.Sequential(nn.Linear(d, width), *[Residual(width) for _ in range(depth)], nn.LayerNorm(width), nn.Linear(width, k))


X, y = make_classification(n_samples=6000, n_features=20, n_informative=12, n_classes=5, n_clusters_per_class=2, class_sep=1.5, random_state=17)
X = (X - X.mean(0)) / X.std(0)
Xtr, Xva, ytr, yva = train_test_split(torch.tensor(X).float(), torch.tensor(y), test_size=0.2, random_state=17)
net = build(20, 5)
opt = torch.optim.AdamW(net.parameters(), lr=5e-3, weight_decay=0.02)
ce = nn.CrossEntropyLoss()
updates = 0
for epoch in range(4):
    net.train()
    window, shown = 0.0, []
    for i, idx in enumerate(torch.randperm(len(Xtr)).split(MICRO)):
        loss = ce(net(Xtr[idx]), ytr[idx]) / ACCUM
        loss.backward()
        window += loss.item()
        if i % ACCUM == ACCUM - 1:
            opt.step()
            opt.zero_grad()
            updates += 1
            shown.append(window)
            window = 0.0
    net.eval()
    with torch.no_grad():
        acc = (net(Xva).argmax(1) == yva).float().mean().item()
    print(f"epoch {epoch} updates {updates} loss {sum(shown) / len(shown):.4f} acc {acc:.4f}")
