import torch
from torch import nn
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset
from sklearn.datasets import make_classification


class ResBlock(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.norm = nn.LayerNorm(d)
        self.fc1, self.fc2 = nn.Linear(d, 2 * d), nn.Linear(2 * d, d)

    def forward(self, x):
        return x + self.fc2(nn.functional.gelu(self.fc1(self.norm(x))))


def main():
    torch.manual_seed(19)
    X, y = make_classification(n_samples=5000, n_features=16, n_informative=10, n_classes=4, n_clusters_per_class=2,
                               class_sep=1.4, random_state=19)
    X = (X - X[:4000].mean(0)) / X[:4000].std(0)
    X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y)
    train = DataLoader(TensorDataset(X[:4000], y[:4000]), batch_size=80, shuffle=True)
    model = nn.Sequential(nn.Linear(16, 32), ResBlock(32), ResBlock(32), nn.LayerNorm(32), nn.Linear(32, 4))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-3)
    # divide the rate by 5 after 8 epochs
    scheduler = StepLR(optimizer, step_size=8, gamma=0.2)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(10):
        model.train()
        total = 0.0
        for xb, yb in train:
            optimizer.zero_grad()
            loss = criterion(model(xb), yb)
            loss.backward()
            optimizer.step()
            total += loss.item()
        scheduler.step()
        model.eval()
        with torch.no_grad():
            acc = (model(X[4000:]).argmax(1) == y[4000:]).float().mean()
        print(f"epoch {epoch} | loss {total / len(train):.4f} | acc {acc:.4f} | lr {scheduler.get_last_lr()[0]:.3g}")


main()
