import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

NAMES = ("normal", "paced", "ectopic")


def beats(n, seed):
    rng = np.random.default_rng(seed)
    kind = rng.choice(3, n, p=[0.57, 0.40, 0.03])
    t = np.linspace(-1, 1, 48)
    bump = lambda c, w: np.exp(-((t[None] - c[:, None]) / w[:, None]) ** 2)
    centre = 0.08 * rng.standard_normal(n)
    width = 0.16 + 0.035 * rng.standard_normal(n) + 0.055 * (kind == 2)
    sig = bump(centre, np.clip(width, 0.06, None))
    sig = sig + 0.25 * bump(centre + 0.45, np.full(n, 0.2))
    sig = sig - (kind == 1)[:, None] * 0.7 * bump(centre - 0.3, np.full(n, 0.06))
    sig = sig + 0.15 * rng.standard_normal(sig.shape)
    return torch.tensor(sig - 0.2, dtype=torch.float32).unsqueeze(1), torch.tensor(kind)


class BeatNet(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Conv1d(1, 16, 7, padding=3), nn.BatchNorm1d(16), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(16, 24, 5, padding=2), nn.BatchNorm1d(24), nn.ReLU(), nn.MaxPool1d(2),
            nn.Flatten(), nn.Linear(24 * 12, 3),
        )


def confusion(model, loader):
    table = torch.zeros(3, 3, dtype=torch.long)
    model.eval()
    with torch.no_grad():
        for x, y in loader:
            for t, p in zip(y.tolist(), model(x).argmax(1).tolist()):
                table[t, p] += 1
    return table


def run(epochs=4, batch_size=64, lr=5e-4):
    torch.manual_seed(9)
    train, valid = TensorDataset(*beats(9600, 1)), TensorDataset(*beats(2000, 2))
    labels = train.tensors[1]
    train_loader = DataLoader(train, batch_size=batch_size, shuffle=True)
    valid_loader = DataLoader(valid, batch_size=500)
    model = BeatNet()
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.05)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(epochs):
        model.train()
        running = 0.0
        for x, y in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            running += loss.item()
        table = confusion(model, valid_loader)
        acc = table.diag().sum().item() / table.sum().item()
        recall = (table.diag() / table.sum(1)).tolist()
        print(f"epoch {epoch} loss {running / len(train_loader):.3f} acc {acc:.3f}",
              {n: round(r, 2) for n, r in zip(NAMES, recall)})


run()
