import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import make_classification
from sklearn.preprocessing import StandardScaler


class CoverNet(nn.Module):
    def __init__(self, d, classes, sizes=(80, 40)):
        super().__init__()
        dims = [d, *sizes, classes]
        self.layers = nn.ModuleList([nn.Linear(a, b) for a, b in zip(dims[:-1], dims[1:])])

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = F.relu(layer(x))
        return self.layers[-1](x)


def batches(X, y, size):
    for idx in torch.randperm(len(X)).split(size):
        yield X[idx], y[idx]


torch.manual_seed(64)
X, y = make_classification(n_samples=4800, n_features=18, n_informative=12, n_classes=7, n_clusters_per_class=1,
                           class_sep=1.6, flip_y=0.01, random_state=64)
X = torch.tensor(StandardScaler().fit_transform(X), dtype=torch.float32)
y = torch.tensor(y)
Xtr, ytr, Xva, yva = X[:4000], y[:4000], X[4000:], y[4000:]
net = CoverNet(18, 7)
optimizer = torch.optim.Adam(net.parameters(), lr=4e-3)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=3, gamma=0.5)
for epoch in range(7):
    net.train()
    running = []
    for xb, yb in batches(Xtr, ytr, 80):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(xb), yb)
        loss.backward()
        optimizer.step()
        running.append(loss.item())
    scheduler.step()
    net.eval()
    with torch.no_grad():
        pred = net(Xva).argmax(1)
    print(f"epoch {epoch}: loss {sum(running) / len(running):.4f}, val acc {(pred == yva).float().mean():.4f}")
