"""Card fraud baseline: 3 % positives, weighted loss, average precision per epoch."""

import numpy as np
import torch
from sklearn.datasets import make_classification
from sklearn.metrics import average_precision_score
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SEED = 404
np.random.seed(SEED)
torch.manual_seed(SEED)

X, y = make_classification(
    n_samples=10000,
    n_features=20,
    n_informative=8,
    weights=[0.97],
    class_sep=1.5,
    flip_y=0.005,
    random_state=SEED,
)
X_tr, X_va, y_tr, y_va = train_test_split(X, y, stratify=y, test_size=0.2, random_state=SEED)
mean, std = X_tr.mean(0), X_tr.std(0)
X_tr, X_va = (X_tr - mean) / std, (X_va - mean) / std
print(f"positives: {y_tr.mean():.3%}")

ds = TensorDataset(torch.tensor(X_tr).float(), torch.tensor(y_tr).float())
dl = DataLoader(ds, batch_size=160, shuffle=True)
xv = torch.tensor(X_va).float()


class FraudNet(nn.Module):
    def __init__(self, n_in):
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(n_in, 64),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(64, 32),
            nn.ReLU(),
            nn.Linear(32, 1),
        )

    def forward(self, x):
        return self.mlp(x).flatten()


model = FraudNet(X.shape[1])
pos_weight = torch.tensor((1 - y_tr.mean()) / y_tr.mean()).float()
criterion = nn.BCEWithLogitsLoss(pos_weight=pos_weight)
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=6 * len(dl))

for epoch in range(6):
    model.train()
    losses = []
    for xb, yb in dl:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
    model.eval()
    with torch.no_grad():
        score = torch.sigmoid(model(xv)).numpy()
    ap = average_precision_score(y_va, score)
    print(f"epoch {epoch + 1} | loss {np.mean(losses):.4f} | valid AP {ap:.4f}")
