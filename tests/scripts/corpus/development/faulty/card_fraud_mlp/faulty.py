"""Card fraud baseline. 2 % of the transactions are fraudulent."""
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def transactions(n, seed):
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.02).astype(np.float32)
    x = rng.normal(size=(n, 12)).astype(np.float32)
    x[:, :4] += 0.75 * y[:, None]
    return torch.from_numpy(x), torch.from_numpy(y)


torch.manual_seed(6)
x_train, y_train = transactions(16000, 0)
x_val, y_val = transactions(8000, 1)
loader = DataLoader(TensorDataset(x_train, y_train), batch_size=256, shuffle=True)

model = nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 1))
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-2)

for epoch in range(8):
    model.train()
    total = 0.0
    for xb, yb in loader:
        loss = criterion(model(xb).squeeze(-1), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(yb)
    model.eval()
    with torch.no_grad():
        logit = model(x_val).squeeze(-1)
        vloss = criterion(logit, y_val).item()
        pred = (logit > 0).float()
        acc = (pred == y_val).float().mean().item()
        recall = pred[y_val == 1].mean().item()
    print(f"{epoch}: train {total / len(y_train):.4f} val {vloss:.4f} acc {acc:.4f} recall {recall:.3f}")
