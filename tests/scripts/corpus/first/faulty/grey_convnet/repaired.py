import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset


def load(batch_size):
    raw = load_digits()
    # stored as 8-bit greyscale, like the camera delivers it
    images = (raw.images * 15).astype("uint8")
    images = (images / 255).astype("float32")
    x_tr, x_te, y_tr, y_te = train_test_split(
        images, raw.target, test_size=0.2, random_state=5, stratify=raw.target
    )

    def wrap(x, y, shuffle):
        ds = TensorDataset(torch.from_numpy(x).unsqueeze(1), torch.from_numpy(y).long())
        return DataLoader(ds, batch_size=batch_size, shuffle=shuffle)

    return wrap(x_tr, y_tr, True), wrap(x_te, y_te, False)


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.fc1 = nn.Linear(32 * 4, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        x = self.pool(torch.relu(self.conv1(x)))
        x = self.pool(torch.relu(self.conv2(x)))
        x = torch.relu(self.fc1(x.flatten(1)))
        return self.fc2(x)


class Trainer:
    def __init__(self, net, train_loader, test_loader, lr):
        self.net = net
        self.train_loader = train_loader
        self.test_loader = test_loader
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = optim.Adam(net.parameters(), lr=lr)

    def train_epoch(self):
        self.net.train()
        total, count = 0.0, 0
        for x, y in self.train_loader:
            self.optimizer.zero_grad()
            loss = self.criterion(self.net(x), y)
            loss.backward()
            self.optimizer.step()
            total += loss.item() * len(y)
            count += len(y)
        return total / count

    @torch.no_grad()
    def accuracy(self):
        self.net.eval()
        hits = sum((self.net(x).argmax(1) == y).sum().item() for x, y in self.test_loader)
        return hits / len(self.test_loader.dataset)

    def fit(self, epochs):
        for epoch in range(1, epochs + 1):
            loss = self.train_epoch()
            print(f"[{epoch}/{epochs}] loss={loss:.4f} acc={self.accuracy():.3f}")


if __name__ == "__main__":
    torch.manual_seed(5)
    train_loader, test_loader = load(64)
    Trainer(ConvNet(), train_loader, test_loader, lr=2e-3).fit(10)
