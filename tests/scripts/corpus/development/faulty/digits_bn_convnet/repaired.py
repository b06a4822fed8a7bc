import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset, random_split


def conv_block(cin, cout):
    return nn.Sequential(nn.Conv2d(cin, cout, 3, padding=1, bias=False), nn.BatchNorm2d(cout), nn.ReLU(), nn.MaxPool2d(2))


def build():
    return nn.Sequential(conv_block(1, 16), conv_block(16, 32), nn.Flatten(), nn.Dropout(0.3), nn.Linear(128, 10))


def train_one_epoch(model, loader, optimizer, loss_fn):
    model.train()
    total, seen = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * labels.size(0)
        seen += labels.size(0)
    return total / seen


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    correct = sum((model(x).argmax(1) == y).sum().item() for x, y in loader)
    return correct / len(loader.dataset)


def main():
    torch.manual_seed(123)
    d = load_digits()
    ds = TensorDataset(torch.tensor(d.images, dtype=torch.float32).unsqueeze(1) / 16, torch.tensor(d.target))
    train_set, val_set = random_split(ds, [1440, len(ds) - 1440])
    train_loader = DataLoader(train_set, batch_size=36, shuffle=True)
    val_loader = DataLoader(val_set, batch_size=120)
    model = build()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9, weight_decay=1e-4)
    loss_fn = nn.CrossEntropyLoss()
    print("before training: acc", evaluate(model, val_loader))
    for epoch in range(9):
        loss = train_one_epoch(model, train_loader, optimizer, loss_fn)
        print(f"epoch {epoch + 1}/9 - loss: {loss:.4f} - val_acc: {evaluate(model, val_loader):.4f}")


if __name__ == "__main__":
    main()
