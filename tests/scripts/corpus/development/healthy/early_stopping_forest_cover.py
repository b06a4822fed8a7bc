import copy
import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split


class EarlyStopper:
    def __init__(self, patience):
        self.patience, self.best, self.bad, self.state = patience, float("inf"), 0, None

    def update(self, value, model):
        if value < self.best - 1e-4:
            self.best, self.bad = value, 0
            self.state = copy.deepcopy(model.state_dict())
        else:
            self.bad += 1
        return self.bad >= self.patience


def epoch_pass(model, x, y, loss_fn, opt=None, bs=100):
    training = opt is not None
    model.train(training)
    total = 0.0
    with torch.set_grad_enabled(training):
        order = torch.randperm(len(x)) if training else torch.arange(len(x))
        for idx in order.split(bs):
            loss = loss_fn(model(x[idx]), y[idx])
            if training:
                opt.zero_grad()
                loss.backward()
                opt.step()
            total += loss.item() * len(idx)
    return total / len(x)


torch.manual_seed(27)
X, y = make_classification(n_samples=5000, n_features=20, n_informative=9, n_classes=6, n_clusters_per_class=1, class_sep=1.2, random_state=27)
Xa, Xb, ya, yb = train_test_split(X, y, test_size=0.2, random_state=27, stratify=y)
mu, sd = Xa.mean(0), Xa.std(0)
Xa, Xb = torch.tensor((Xa - mu) / sd).float(), torch.tensor((Xb - mu) / sd).float()
ya, yb = torch.tensor(ya), torch.tensor(yb)
model = nn.Sequential(nn.Linear(20, 48), nn.ReLU(), nn.Dropout(0.25), nn.Linear(48, 48), nn.ReLU(), nn.Dropout(0.25), nn.Linear(48, 6))
opt = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=1e-2)
ce = nn.CrossEntropyLoss()
stopper = EarlyStopper(patience=3)
for epoch in range(20):
    tl = epoch_pass(model, Xa, ya, ce, opt)
    vl = epoch_pass(model, Xb, yb, ce)
    print(f"epoch {epoch:2d} train {tl:.4f} val {vl:.4f}")
    if stopper.update(vl, model):
        print("stopping early")
        break
model.load_state_dict(stopper.state)
model.eval()
with torch.no_grad():
    print("best val", round(stopper.best, 4), "accuracy", (model(Xb).argmax(1) == yb).float().mean().item())
