import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset
from sklearn.datasets import make_classification

torch.manual_seed(33)
X, y = make_classification(n_samples=6000, n_features=24, n_informative=12, n_classes=5, n_clusters_per_class=1,
                           class_sep=1.3, random_state=33)
X = torch.tensor((X - X.mean(0)) / X.std(0), dtype=torch.float32)
y = torch.tensor(y)
train_dl = DataLoader(TensorDataset(X[:4800], y[:4800]), batch_size=96, shuffle=True)
val_dl = DataLoader(TensorDataset(X[4800:], y[4800:]), batch_size=100)

model = nn.Sequential(
    nn.Linear(24, 64), nn.SiLU(), nn.Dropout(0.2),
    nn.Linear(64, 64), nn.SiLU(), nn.Dropout(0.2),
    nn.Linear(64, 5),
)
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
criterion = nn.CrossEntropyLoss()


def mixup(xb, yb, alpha=0.2):
    lam = float(torch.distributions.Beta(alpha, alpha).sample())
    other = torch.randperm(len(xb))
    return lam * xb + (1 - lam) * xb[other], yb, yb[other], lam


def evaluate():
    model.eval()
    loss, right, count = 0.0, 0, 0
    for xb, yb in val_dl:
        out = model(xb)
        loss += criterion(out, yb).item() * len(yb)
        right += (out.argmax(1) == yb).sum().item()
        count += len(yb)
    return loss / count, right / count


for epoch in range(8):
    model.train()
    running = 0.0
    for xb, yb in train_dl:
        xm, ya, yo, lam = mixup(xb, yb)
        out = model(xm)
        loss = lam * criterion(out, ya) + (1 - lam) * criterion(out, yo)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running += loss.item()
    vl, va = evaluate()
    print(f"epoch {epoch}: train {running / len(train_dl):.4f} val {vl:.4f} acc {va:.4f}")
