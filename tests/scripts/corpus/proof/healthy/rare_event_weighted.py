import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(910)
X, y = make_classification(n_samples=6000, n_features=16, n_informative=8, weights=[0.95], class_sep=1.3, flip_y=0.0, random_state=10)
cut = 4800
sc = StandardScaler().fit(X[:cut])
X = torch.tensor(sc.transform(X), dtype=torch.float32)
y = torch.tensor(y, dtype=torch.float32)
pos = y[:cut].mean()
loss_fn = nn.BCEWithLogitsLoss(pos_weight=(1 - pos) / pos)
net = nn.Sequential(nn.Linear(16, 48), nn.SiLU(), nn.Linear(48, 24), nn.SiLU(), nn.Linear(24, 1), nn.Flatten(0))
opt = torch.optim.Adam(net.parameters(), lr=6e-3)
loader = DataLoader(TensorDataset(X[:cut], y[:cut]), batch_size=120, shuffle=True, drop_last=True)
for epoch in range(7):
    net.train()
    run = 0.0
    for xb, yb in loader:
        opt.zero_grad()
        loss = loss_fn(net(xb), yb)
        loss.backward()
        opt.step()
        run += loss.item()
    net.eval()
    with torch.no_grad():
        s = net(X[cut:])
    hit = s > 0
    t = y[cut:] > 0.5
    print(f"epoch {epoch} loss {run / len(loader):.4f} auc {roc_auc_score(t.numpy(), s.numpy()):.4f} "
          f"recall {hit[t].float().mean().item():.3f} false alarms {hit[~t].float().mean().item():.3f}")
