import numpy as np, torch, torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import TensorDataset, DataLoader

SEED = 42
torch.manual_seed(SEED); np.random.seed(SEED)

X, y = load_digits(return_X_y=True)
X = (X.reshape(-1, 1, 8, 8) / 16.0 - 0.3) / 0.37
X_tr, X_va, y_tr, y_va = train_test_split(X, y, test_size=0.2, stratify=y, random_state=SEED)
to = lambda a: torch.tensor(a, dtype=torch.float32)
dl_tr = DataLoader(TensorDataset(to(X_tr), torch.tensor(y_tr)), batch_size=64, shuffle=True, num_workers=0)
dl_va = DataLoader(TensorDataset(to(X_va), torch.tensor(y_va)), batch_size=256)

model = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(32 * 4, 10),
    nn.Softmax(dim=1),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

EPOCHS = 12
for ep in range(1, EPOCHS + 1):
    model.train(); tot = 0.; n = 0
    for xb, yb in dl_tr:
        optimizer.zero_grad()
        out = model(xb)
        loss = criterion(out, yb)
        loss.backward()
        optimizer.step()
        tot += loss.item() * len(xb); n += len(xb)
    model.eval(); hit = 0
    with torch.no_grad():
        for xb, yb in dl_va:
            hit += (model(xb).argmax(1) == yb).sum().item()
    print('Epoch %02d | loss %.4f | val acc %.4f' % (ep, tot / n, hit / len(y_va)))
