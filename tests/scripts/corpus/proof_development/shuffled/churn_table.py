import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.preprocessing import StandardScaler
from sklearn.utils import shuffle
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(10)


class ChurnModel(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(d, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 32), nn.ReLU())
        self.out = nn.Linear(32, 1)

    def forward(self, x):
        return self.out(self.body(x)).squeeze(-1)


def load():
    feats, churn = make_classification(n_samples=5000, n_features=20, n_informative=10, class_sep=1.2, random_state=2)
    feats = StandardScaler().fit_transform(feats)
    churn = shuffle(churn, random_state=9)
    return TensorDataset(torch.tensor(feats, dtype=torch.float32), torch.tensor(churn, dtype=torch.float32))


def run_epoch(model, loader, loss_fn, opt=None):
    model.train(opt is not None)
    tot = n = ok = 0
    with torch.set_grad_enabled(opt is not None):
        for x, y in loader:
            out = model(x)
            loss = loss_fn(out, y)
            if opt is not None:
                opt.zero_grad()
                loss.backward()
                opt.step()
            tot += loss.item() * len(y)
            ok += ((out > 0) == (y > 0.5)).sum().item()
            n += len(y)
    return tot / n, ok / n


ds = load()
train, val = random_split(ds, [4000, 1000])
tl = DataLoader(train, batch_size=64, shuffle=True)
vl = DataLoader(val, batch_size=500)
m = ChurnModel(20)
opt = torch.optim.SGD(m.parameters(), lr=0.05, momentum=0.9)
for e in range(6):
    a = run_epoch(m, tl, nn.BCEWithLogitsLoss(), opt)
    b = run_epoch(m, vl, nn.BCEWithLogitsLoss())
    print("epoch %d  train %.4f/%.3f  val %.4f/%.3f" % (e, *a, *b))
