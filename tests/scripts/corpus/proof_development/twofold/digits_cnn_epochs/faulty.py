import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(3)

digits = load_digits()
X = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 16.0
X = (X - X.mean()) / X.std()
y = torch.tensor(digits.target)
tr, va = train_test_split(np.arange(len(y)), test_size=0.2, stratify=digits.target, random_state=0)
train_dl = DataLoader(TensorDataset(X[tr], y[tr]), batch_size=64, shuffle=True)
val_dl = DataLoader(TensorDataset(X[va], y[va]), batch_size=256)


class DigitNet(nn.Module):
    def __init__(self, p=0.85):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        )
        self.drop1 = nn.Dropout(p)
        self.fc1 = nn.Linear(32 * 16, 64)
        self.drop2 = nn.Dropout(p)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        h = self.conv(x).flatten(1)
        h = torch.relu(self.fc1(self.drop1(h)))
        return self.fc2(self.drop2(h))


net = DigitNet()
optimizer = torch.optim.SGD(net.parameters(), lr=1e-4, momentum=0.9)
criterion = nn.CrossEntropyLoss()

for epoch in range(11):
    net.train()
    running = 0.0
    for xb, yb in train_dl:
        optimizer.zero_grad()
        loss = criterion(net(xb), yb)
        loss.backward()
        optimizer.step()
        running += loss.item() * len(yb)
    net.eval()
    hits = 0
    with torch.no_grad():
        for xb, yb in val_dl:
            hits += (net(xb).argmax(1) == yb).sum().item()
    print(f"epoch {epoch:2d}  train loss {running / len(tr):.4f}  val acc {hits / len(va):.3f}")
