"""Rare-event detector (about one row in twenty) with early stopping."""

import io

import torch
from sklearn.datasets import make_classification
from sklearn.metrics import average_precision_score
from sklearn.model_selection import train_test_split
from torch import nn


class Detector(nn.Module):
    def __init__(self, n_in):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(n_in, 48),
            nn.BatchNorm1d(48),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(48, 48),
            nn.BatchNorm1d(48),
            nn.ReLU(),
        )
        self.head = nn.Linear(48, 1)

    def forward(self, x):
        return self.head(self.body(x)).squeeze(-1)


def prepare():
    x, y = make_classification(
        n_samples=6000,
        n_features=20,
        n_informative=8,
        n_clusters_per_class=2,
        weights=[0.95],
        class_sep=1.3,
        flip_y=0.0,
        random_state=80,
    )
    x_tr, x_va, y_tr, y_va = train_test_split(
        x, y, test_size=0.25, stratify=y, random_state=80
    )
    return [torch.tensor(a, dtype=torch.float32) for a in (x_tr, y_tr, x_va, y_va)]


def parameter_groups(model):
    norms, weights = [], []
    for module in model.body:
        if isinstance(module, nn.BatchNorm1d):
            norms += list(module.parameters())
        else:
            weights += list(module.parameters())
    return [
        {"params": weights, "lr": 1e-3, "weight_decay": 1e-3},
        {"params": norms, "lr": 1e-3, "weight_decay": 0.0},
        {"params": model.head.parameters(), "lr": 3e-3, "weight_decay": 0.0},
    ]


def main():
    torch.manual_seed(80)
    x_tr, y_tr, x_va, y_va = prepare()
    print(f"positive share {y_tr.mean().item():.3f}")
    model = Detector(x_tr.shape[1])
    opt = torch.optim.AdamW(parameter_groups(model))
    criterion = nn.BCEWithLogitsLoss()

    best, best_state, patience = -1.0, io.BytesIO(), 3
    waited = 0
    for epoch in range(30):
        model.train()
        total = count = 0
        for rows in torch.randperm(len(x_tr)).split(125):
            opt.zero_grad()
            loss = criterion(model(x_tr[rows]), y_tr[rows])
            loss.backward()
            opt.step()
            if epoch == 0 and count == 0:
                print(f"first loss {loss.item():.4f}")
            total += loss.item()
            count += 1

        model.eval()
        with torch.no_grad():
            logits = model(x_va)
            val_loss = criterion(logits, y_va).item()
        ap = average_precision_score(y_va.numpy(), logits.numpy())
        print(f"epoch {epoch} loss {total / count:.4f} val {val_loss:.4f} ap {ap:.3f}")
        if ap > best:
            best, waited = ap, 0
            best_state = io.BytesIO()
            torch.save(model.state_dict(), best_state)
        else:
            waited += 1
            if waited >= patience:
                print("stopping early")
                break

    best_state.seek(0)
    model.load_state_dict(torch.load(best_state))
    print(f"best average precision {best:.3f}")


if __name__ == "__main__":
    main()
