import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

torch.manual_seed(58)
X, y = make_classification(n_samples=6000, n_features=14, n_informative=7, n_clusters_per_class=2, weights=[0.965],
                           class_sep=0.6, flip_y=0.02, random_state=12)
X = torch.tensor(StandardScaler().fit_transform(X), dtype=torch.float32)
y = torch.tensor(y, dtype=torch.float32)
Xtr, ytr, Xva, yva = X[:4800], y[:4800], X[4800:], y[4800:]
dataset = TensorDataset(Xtr, ytr)
loader = DataLoader(dataset, batch_size=80, shuffle=True)


class Scorer(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.a = nn.Linear(d, 40)
        self.b = nn.Linear(40, 20)
        self.c = nn.Linear(20, 1)

    def forward(self, x):
        x = nn.functional.gelu(self.a(x))
        x = nn.functional.gelu(self.b(x))
        return self.c(x).squeeze(1)


net = Scorer(14)
optimizer = torch.optim.Adam(net.parameters(), lr=1e-5)
for epoch in range(6):
    net.train()
    hist = []
    for x, t in loader:
        s = net(x)
        # binary cross-entropy on scores
        loss = (nn.functional.softplus(s) - t * s).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        hist.append(loss.item())
    net.eval()
    with torch.no_grad():
        hit = net(Xva) > 0
        rec = hit[yva > 0.5].float().mean()
        spec = (~hit[yva < 0.5]).float().mean()
    print(f"epoch {epoch} loss {sum(hist) / len(hist):.4f} recall {rec:.3f} specificity {spec:.3f}")
