"""Multi-label tagging with gradients summed over four micro-batches per update."""

import torch
from sklearn.datasets import make_multilabel_classification
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

ACCUMULATE = 4
MICRO_BATCH = 16


def load(seed):
    x, y = make_multilabel_classification(
        n_samples=2560 + 500,
        n_features=30,
        n_classes=8,
        n_labels=3,
        random_state=seed,
    )
    x = torch.tensor(x, dtype=torch.float32)
    y = torch.tensor(y, dtype=torch.float32)
    mean, std = x[:2560].mean(0), x[:2560].std(0)
    x = (x - mean) / std
    return TensorDataset(x[:2560], y[:2560]), (x[2560:], y[2560:])


class TagNet(nn.Module):
    def __init__(self, n_in, n_tags):
        super().__init__()
        self.hidden = nn.Sequential(
            nn.Linear(n_in, 64),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Linear(64, 64),
            nn.ReLU(),
        )
        self.tags = nn.Linear(64, n_tags)

    def forward(self, x):
        return self.tags(self.hidden(x))


def micro_f1(model, x, y):
    model.eval()
    with torch.no_grad():
        guess = (model(x) > 0).float()
    tp = (guess * y).sum()
    return (2 * tp / (guess.sum() + y.sum())).item()


def main():
    torch.manual_seed(70)
    train, (val_x, val_y) = load(70)
    loader = DataLoader(train, MICRO_BATCH, shuffle=True, drop_last=True)
    model = TagNet(30, 8)
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)

    updates = 0
    running = 0.0
    optimizer.zero_grad()
    for epoch in range(8):
        model.train()
        for i, (xb, yb) in enumerate(loader, start=1):
            loss = criterion(model(xb), yb) / ACCUMULATE
            loss.backward()
            running += loss.item()
            if i % ACCUMULATE == 0:
                optimizer.step()
                optimizer.zero_grad()
                if updates % 40 == 0:
                    print(f"update {updates} loss {running:.4f}")
                last, running = running, 0.0
                updates += 1
        print(f"epoch {epoch} val micro-F1 {micro_f1(model, val_x, val_y):.3f}")
    print(f"update {updates} last loss {last:.4f}")


if __name__ == "__main__":
    main()
