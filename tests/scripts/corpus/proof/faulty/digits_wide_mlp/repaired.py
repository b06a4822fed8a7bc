import os
import tempfile
import torch
import torch.nn as nn
from sklearn.datasets import load_digits

DROP = 0.15
torch.manual_seed(35)
data, target = load_digits(return_X_y=True)
data = torch.tensor(data, dtype=torch.float32)
data = (data - 4.9) / 6.0
target = torch.tensor(target)
perm = torch.randperm(len(data))
train_idx, val_idx = perm[:1440], perm[1440:]

net = nn.Sequential(
    nn.Linear(64, 128), nn.ReLU(), nn.Dropout(DROP),
    nn.Linear(128, 64), nn.ReLU(), nn.Dropout(DROP),
    nn.Linear(64, 10),
)
optimizer = torch.optim.AdamW(net.parameters(), lr=4e-3)
scheduler = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.3, total_iters=300)
criterion = nn.CrossEntropyLoss(label_smoothing=0.05)
best = 0.0
ckpt = os.path.join(tempfile.mkdtemp(), "best.pt")
for epoch in range(10):
    net.train()
    running = 0.0
    for b in train_idx[torch.randperm(len(train_idx))].split(48):
        optimizer.zero_grad()
        loss = criterion(net(data[b]), target[b])
        loss.backward()
        optimizer.step()
        scheduler.step()
        running += loss.item() * len(b)
    net.eval()
    with torch.no_grad():
        acc = (net(data[val_idx]).argmax(1) == target[val_idx]).float().mean().item()
    if acc > best:
        best = acc
        torch.save({"model": net.state_dict(), "epoch": epoch}, ckpt)
    print(f"epoch {epoch} loss {running / len(train_idx):.4f} val {acc:.4f} best {best:.4f}")
