"""Panel grades (5 classes) from lab values; training stops once the validation loss has not improved for three checks."""
import copy

import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


class EarlyStopping:
    def __init__(self, patience=3, min_delta=1e-3):
        self.patience, self.min_delta = patience, min_delta
        self.best, self.bad, self.state = float("inf"), 0, None

    def update(self, value, model):
        if value < self.best - self.min_delta:
            self.best, self.bad = value, 0
            self.state = copy.deepcopy(model.state_dict())
        else:
            self.bad += 1
        return self.bad >= self.patience


torch.manual_seed(9)
X, y = make_classification(6000, n_features=16, n_informative=10, n_classes=5, class_sep=1.4, flip_y=0.03, random_state=9)
X_tr, X_va, y_tr, y_va = train_test_split(X, y, test_size=1200, stratify=y, random_state=9)
sc = StandardScaler().fit(X_tr)
X_tr, X_va = (torch.tensor(sc.transform(a), dtype=torch.float32) for a in (X_tr, X_va))
y_tr, y_va = torch.tensor(y_tr), torch.tensor(y_va)
model = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Dropout(0.15), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 5))
opt = torch.optim.Adam(model.parameters(), lr=3e-3, weight_decay=1e-4)
ce, stopper = nn.CrossEntropyLoss(), EarlyStopping()
for epoch in range(40):
    model.train()
    run = 0.0
    for idx in torch.randperm(len(y_tr)).split(120):
        opt.zero_grad()
        loss = ce(model(X_tr[idx]), y_tr[idx])
        loss.backward()
        opt.step()
        run += loss.item() * len(idx)
    model.eval()
    with torch.no_grad():
        val = ce(model(X_va), y_va).item()
    print(f"epoch {epoch:2d} train {run / len(y_tr):.4f} val {val:.4f}")
    if stopper.update(val, model):
        break
model.load_state_dict(stopper.state)
model.eval()
with torch.no_grad():
    print(f"kept: val {stopper.best:.4f} acc {(model(X_va).argmax(1) == y_va).float().mean().item():.3f}")
