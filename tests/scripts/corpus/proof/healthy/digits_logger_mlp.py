import csv
import os
import tempfile
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.manual_seed(900)
X, y = load_digits(return_X_y=True)
Xtr, Xva, ytr, yva = train_test_split(X / 16.0, y, test_size=0.2, stratify=y, random_state=0)
mu = Xtr.mean(0)
Xtr, Xva = [torch.tensor((a - mu) / 0.4, dtype=torch.float32) for a in (Xtr, Xva)]
ytr, yva = torch.tensor(ytr), torch.tensor(yva)

net = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Dropout(0.2), nn.Linear(96, 10))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=12)
criterion = nn.CrossEntropyLoss()
path = os.path.join(tempfile.mkdtemp(), "history.csv")
rows = []
for epoch in range(12):
    net.train()
    total = 0.0
    for b in torch.randperm(len(Xtr)).split(48):
        optimizer.zero_grad()
        loss = criterion(net(Xtr[b]), ytr[b])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(b)
    schedule.step()
    net.eval()
    with torch.no_grad():
        acc = (net(Xva).argmax(1) == yva).float().mean().item()
    rows.append({"epoch": epoch, "loss": total / len(Xtr), "acc": acc})
    print(rows[-1])
with open(path, "w", newline="") as f:
    w = csv.DictWriter(f, fieldnames=rows[0].keys())
    w.writeheader()
    w.writerows(rows)
