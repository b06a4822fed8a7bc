"""Warm-up stepped once per batch, cosine annealing and plateau stepped once per epoch."""

import argparse
import random
from types import SimpleNamespace

import numpy as np
import torch
from sklearn.datasets import load_diabetes
from torch import nn
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.set_num_threads(1)


def seed_everything(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def build(config):
    x, y = load_diabetes(return_X_y=True, scaled=True)
    x = torch.tensor(x * 20, dtype=torch.float32)
    y = torch.tensor((y - y.mean()) / y.std(), dtype=torch.float32).unsqueeze(1)
    train, valid = random_split(TensorDataset(x, y), [320, 122])
    model = nn.Sequential(nn.Linear(10, 32), nn.Softplus(), nn.Linear(32, 1))
    optimizer = torch.optim.SGD(
        [
            {"params": model[0].parameters()},
            {"params": model[2].parameters(), "lr": config.lr / 2},
        ],
        lr=config.lr,
        momentum=0.9,
    )
    return SimpleNamespace(
        train=DataLoader(train, batch_size=64, shuffle=True, num_workers=config.workers),
        valid=DataLoader(valid, batch_size=122, num_workers=config.workers),
        model=model,
        optimizer=optimizer,
        warmup=lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=10),
        cosine=lr_scheduler.CosineAnnealingLR(optimizer, T_max=config.epochs),
        plateau=lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=0),
        loss_fn=nn.SmoothL1Loss(),
    )


def validate(run):
    run.model.eval()
    with torch.no_grad():
        total = sum(run.loss_fn(run.model(x), y).item() for x, y in run.valid)
    run.model.train()
    return total


def fit(run, epochs):
    losses, rates, valid_losses = [], [], []
    for epoch in range(epochs):
        for x, y in run.train:
            run.optimizer.zero_grad()
            loss = run.loss_fn(run.model(x), y)
            loss.backward()
            run.optimizer.step()
            run.warmup.step()
            losses.append(loss.item())
            rates.append([group["lr"] for group in run.optimizer.param_groups])
            print(f"epoch {epoch} lr {rates[-1][0]:.5f} loss {loss.item()!r}")
        run.cosine.step()
        valid_losses.append(validate(run))
        run.plateau.step(valid_losses[-1])
        print(f"epoch {epoch} validation {valid_losses[-1]!r}")
    return losses, rates, valid_losses


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--out")
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, default=6)
    config = parser.parse_args()
    seed_everything(9)
    run = build(config)
    losses, rates, valid_losses = fit(run, config.epochs)

    from _digest import write_digest

    write_digest(
        config.out,
        models=[run.model],
        optimizers=[run.optimizer],
        losses=losses + valid_losses,
        extra={
            "rates": rates,
            "warmup": run.warmup.get_last_lr(),
            "cosine": run.cosine.get_last_lr(),
            "plateau": [run.plateau.best, run.plateau.num_bad_epochs],
        },
    )


if __name__ == "__main__":
    main()
