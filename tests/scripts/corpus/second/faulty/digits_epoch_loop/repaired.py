import time

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

SEED = 31
EPOCHS = 9
BATCH = 32
LR = 3e-3


def get_data():
    data = load_digits()
    images = data.images[:, None] / 16.0
    parts = train_test_split(images, data.target, test_size=0.25, random_state=SEED)
    xtr, xte, ytr, yte = [torch.tensor(p) for p in parts]
    return xtr.float(), xte.float(), ytr, yte


def get_model():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(8 * 16, 32),
        nn.ReLU(),
        nn.Linear(32, 10),
    )


def main():
    torch.manual_seed(SEED)
    xtr, xte, ytr, yte = get_data()
    model = get_model()
    loss_fn = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=LR)
    n_batches = len(xtr) // BATCH
    for epoch in range(EPOCHS):
        tic = time.time()
        perm = torch.randperm(len(xtr))
        model.train()
        train_loss = 0.0
        for b in range(n_batches):
            idx = perm[b * BATCH : (b + 1) * BATCH]
            out = model(xtr[idx])
            loss = loss_fn(out, ytr[idx])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            train_loss += loss.item()
        model.eval()
        with torch.no_grad():
            out = model(xte)
            test_loss = loss_fn(out, yte).item()
            acc = (out.argmax(1) == yte).float().mean().item()
        print(
            f"Epoch {epoch + 1}/{EPOCHS} - {time.time() - tic:.1f}s - "
            f"loss: {train_loss / n_batches:.4f} - val_loss: {test_loss:.4f} - val_acc: {acc:.4f}"
        )


main()
