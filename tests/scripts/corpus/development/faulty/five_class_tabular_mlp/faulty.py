import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset

CFG = dict(seed=2024, lr=2e-3, wd=1e-4, bs=64, epochs=8, hidden=96, p_drop=0.95)

np.random.seed(CFG['seed'])
torch.manual_seed(CFG['seed'])

X, y = make_classification(n_samples=4000, n_features=25, n_informative=12, n_redundant=4, n_classes=5,
                           n_clusters_per_class=1, class_sep=1.3, flip_y=0.01, random_state=CFG['seed'])
X_tr, X_va, y_tr, y_va = train_test_split(X, y, test_size=0.2, stratify=y, random_state=CFG['seed'])
sc = StandardScaler().fit(X_tr)
X_tr, X_va = sc.transform(X_tr).astype('float32'), sc.transform(X_va).astype('float32')

train_dl = DataLoader(TensorDataset(torch.from_numpy(X_tr), torch.from_numpy(y_tr)), batch_size=CFG['bs'], shuffle=True)
valid_dl = DataLoader(TensorDataset(torch.from_numpy(X_va), torch.from_numpy(y_va)), batch_size=256)


def block(i, o, p):
    return nn.Sequential(nn.Linear(i, o), nn.ReLU(), nn.Dropout(p))


model = nn.Sequential(
    block(25, CFG['hidden'], CFG['p_drop']),
    block(CFG['hidden'], CFG['hidden'], CFG['p_drop']),
    nn.Linear(CFG['hidden'], 5),
)
opt = torch.optim.Adam(model.parameters(), lr=CFG['lr'], weight_decay=CFG['wd'])
crit = nn.CrossEntropyLoss()

best = 0
for ep in range(CFG['epochs']):
    model.train()
    tl = 0
    for xb, yb in train_dl:
        opt.zero_grad()
        loss = crit(model(xb), yb)
        loss.backward()
        opt.step()
        tl += loss.item() * len(yb)
    model.eval()
    with torch.no_grad():
        preds = torch.cat([model(xb).argmax(1) for xb, _ in valid_dl]).numpy()
    acc = (preds == y_va).mean()
    best = max(best, acc)
    print(f"ep {ep} tr_loss {tl / len(y_tr):.4f} va_acc {acc:.4f} best {best:.4f}")
