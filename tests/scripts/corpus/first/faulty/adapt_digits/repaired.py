import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class SmallNet(nn.Module):
    """Backbone with a two-class head by default."""

    def __init__(self, n_classes: int = 2):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.Flatten(),
        )
        self.classifier = nn.Linear(16 * 2 * 2, n_classes)

    def forward(self, x):
        return self.classifier(self.features(x))


def data_loaders():
    d = load_digits()
    x = torch.tensor(d.images, dtype=torch.float32)[:, None] / 16
    y = torch.tensor(d.target)
    train = TensorDataset(x[:1440], y[:1440])
    held_out = TensorDataset(x[1440:], y[1440:])
    return DataLoader(train, 64, shuffle=True), DataLoader(held_out, 357)


def evaluate(model, loader):
    model.eval()
    with torch.no_grad():
        correct = sum(int((model(x).argmax(1) == y).sum()) for x, y in loader)
    model.train()
    return correct / len(loader.dataset)


def main():
    torch.manual_seed(25)
    train_loader, val_loader = data_loaders()
    model = SmallNet()
    model.classifier = nn.Linear(model.classifier.in_features, 10)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.CrossEntropyLoss()

    for epoch in range(12):
        total = 0.0
        for x, y in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item()
        acc = evaluate(model, val_loader)
        print(f"epoch {epoch + 1}: train loss {total / len(train_loader):.4f}, val acc {acc:.3f}")


if __name__ == "__main__":
    main()
