import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import make_classification

torch.manual_seed(50)


def init(module):
    if isinstance(module, nn.Linear):
        std = (2.0 / module.in_features) ** 0.5
        nn.init.normal_(module.weight, 0.0, std)
        nn.init.zeros_(module.bias)


X, y = make_classification(n_samples=4000, n_features=16, n_informative=10, n_redundant=0, n_classes=4, class_sep=1.4, random_state=50)
X = torch.tensor((X - X.mean(0)) / X.std(0), dtype=torch.float32)
y = torch.tensor(y)
model = nn.Sequential(
    nn.Linear(16, 64), nn.ReLU(),
    nn.Linear(64, 64), nn.ReLU(),
    nn.Linear(64, 64), nn.ReLU(),
    nn.Linear(64, 4),
).apply(init)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
batch = 64
for epoch in range(6):
    model.train()
    order = torch.randperm(3200)
    for k, i in enumerate(range(0, 3200, batch)):
        idx = order[i:i + batch]
        logits = model(X[idx])
        loss = F.cross_entropy(logits, y[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if k % 25 == 0:
            print(f"epoch {epoch} batch {k} loss {loss.item():.4f}")
    model.eval()
    with torch.no_grad():
        acc = (model(X[3200:]).argmax(1) == y[3200:]).float().mean()
    print(f"epoch {epoch} held-out accuracy {acc:.3f}")
