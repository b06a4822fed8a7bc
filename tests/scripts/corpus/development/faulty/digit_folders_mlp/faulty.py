"""Train an MLP on digit images that were exported as one folder per class."""
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, Dataset


class FolderDigits(Dataset):
    def __init__(self, images, labels):
        self.samples = []
        for cls in range(10):                       # like walking through folders 0/ .. 9/
            for img in images[labels == cls]:
                self.samples.append((img, cls))

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, i):
        img, cls = self.samples[i]
        return torch.tensor(img / 16.0 - 0.5, dtype=torch.float32), cls


def accuracy(net, loader):
    net.eval()
    ok = n = 0
    with torch.no_grad():
        for x, y in loader:
            ok += (net(x).argmax(1) == y).sum().item()
            n += len(y)
    return ok / n


torch.manual_seed(42)
X, y = load_digits(return_X_y=True)
Xtr, Xte, ytr, yte = train_test_split(X, y, test_size=0.2, random_state=42)
train_loader = DataLoader(FolderDigits(Xtr, ytr), batch_size=32)
test_loader = DataLoader(FolderDigits(Xte, yte), batch_size=128)

net = torch.nn.Sequential(
    torch.nn.Linear(64, 96), torch.nn.GELU(), torch.nn.Linear(96, 48), torch.nn.GELU(), torch.nn.Linear(48, 10)
)
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
loss_fn = torch.nn.CrossEntropyLoss()

for epoch in range(8):
    net.train()
    losses = []
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = loss_fn(net(xb), yb)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(f"epoch {epoch} loss {np.mean(losses):.4f} test acc {accuracy(net, test_loader):.4f}")
