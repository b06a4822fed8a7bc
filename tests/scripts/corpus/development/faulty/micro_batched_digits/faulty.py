"""Simulate a batch of 128 on a small card: 8 micro-batches of 16."""
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

MICRO, ACCUM, EPOCHS, LR = 16, 8, 28, 0.12

torch.manual_seed(55)
X, y = load_digits(return_X_y=True)
Xa, Xb, ya, yb = train_test_split((X - 8) / 8, y, train_size=1408, random_state=1, stratify=y)
train = DataLoader(TensorDataset(torch.tensor(Xa, dtype=torch.float32), torch.tensor(ya)), batch_size=MICRO, shuffle=True)
Xb, yb = torch.tensor(Xb, dtype=torch.float32), torch.tensor(yb)

model = nn.Sequential(nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=0.9)
loss_fn = nn.CrossEntropyLoss()

updates = 0
for epoch in range(EPOCHS):
    model.train()
    optimizer.zero_grad()
    total = 0.0
    for i, (x, t) in enumerate(train, start=1):
        loss = loss_fn(model(x), t)
        loss.backward()
        total += loss.item()
        if i % ACCUM == 0:
            optimizer.step()
            optimizer.zero_grad()
            updates += 1
    model.eval()
    with torch.no_grad():
        out = model(Xb)
    if epoch % 3 == 0 or epoch == EPOCHS - 1:
        print(f"epoch {epoch} updates {updates} loss {total / len(train):.4f} test loss {loss_fn(out, yb).item():.4f} acc {(out.argmax(1) == yb).float().mean().item():.3f}")
