import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.metrics import classification_report
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(44)
X, y = make_classification(n_samples=7000, n_features=15, n_informative=5, n_redundant=2, n_clusters_per_class=2,
                           weights=[0.965], class_sep=0.9, flip_y=0.02, random_state=4)
X = StandardScaler().fit_transform(X)
X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y)
train = TensorDataset(X[:5600], y[:5600])
Xv, yv = X[5600:], y[5600:]
loader = DataLoader(train, batch_size=100, shuffle=True)
freq = torch.bincount(y[:5600]).float()
class_weight = freq.sum() / (2 * freq)

net = nn.Sequential(nn.Linear(15, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 2))
opt = torch.optim.Adam(net.parameters(), lr=6e-3)
criterion = nn.CrossEntropyLoss(weight=class_weight)
for epoch in range(6):
    net.train()
    running = 0.0
    for x, t in loader:
        opt.zero_grad()
        loss = criterion(net(x), t)
        loss.backward()
        opt.step()
        running += loss.item() / len(loader)
    net.eval()
    with torch.no_grad():
        pred = net(Xv).argmax(1)
    tp = ((pred == 1) & (yv == 1)).sum().item()
    print(f"epoch {epoch} loss {running:.4f} recall {tp / (yv == 1).sum().item():.3f} flagged {(pred == 1).float().mean().item():.4f}")
print(classification_report(yv.numpy(), pred.numpy(), zero_division=0))
