# tumour malignancy (simulated table), dropout MLP, Kaggle style notebook exported to .py
import numpy as np, torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.preprocessing import StandardScaler
from sklearn.model_selection import train_test_split

torch.manual_seed(0)
X, y = make_classification(n_samples=4000, n_features=20, n_informative=8, n_redundant=4, class_sep=0.9, flip_y=0.03, random_state=17)
X_tr, X_va, y_tr, y_va = train_test_split(X, y, test_size=0.2, random_state=17)
sc = StandardScaler().fit(X_tr)
X_tr = torch.tensor(sc.transform(X_tr), dtype=torch.float)
X_va = torch.tensor(sc.transform(X_va), dtype=torch.float)
y_tr = torch.tensor(y_tr, dtype=torch.float).view(-1, 1)
y_va = torch.tensor(y_va, dtype=torch.float).view(-1, 1)

model = nn.Sequential(
    nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.4),
    nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.4),
    nn.Linear(32, 1),
)
loss_func = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
BS = 64

for epoch in range(10):
    model.train()
    perm = torch.randperm(len(X_tr))
    tr_loss = 0
    for i in range(0, len(X_tr), BS):
        b = perm[i:i + BS]
        optimizer.zero_grad()
        loss = loss_func(model(X_tr[b]), y_tr[b])
        loss.backward()
        optimizer.step()
        tr_loss += loss.item() * len(b)
    # validation
    model.eval()
    with torch.no_grad():
        out = model(X_va)
        va_loss = loss_func(out, y_va).item()
        va_acc = ((out > 0) == (y_va > 0.5)).float().mean().item()
    print(f'Epoch {epoch:02d} train_loss {tr_loss / len(X_tr):.4f} valid_loss {va_loss:.4f} valid_acc {va_acc:.4f}')
