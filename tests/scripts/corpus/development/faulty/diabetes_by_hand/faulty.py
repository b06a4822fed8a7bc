import torch
from torch import nn
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import StandardScaler

torch.manual_seed(1)
raw = load_diabetes()
feats = torch.tensor(StandardScaler().fit_transform(raw.data)).float()
target = torch.tensor(raw.target).float()
target = (target - target.mean()) / target.std()
order = torch.randperm(len(feats))
tr, te = order[:360], order[360:]


class Regressor:
    """scikit-learn like wrapper"""

    def __init__(self, n_in, hidden=16, lr=0.02, epochs=40, batch=45):
        self.net = nn.Sequential(nn.Linear(n_in, hidden), nn.Tanh(), nn.Linear(hidden, 1))
        self.opt = torch.optim.SGD(self.net.parameters(), lr=lr, momentum=0.9, weight_decay=5e-3)
        self.epochs, self.batch = epochs, batch

    def _loss(self, x, y):
        pred = self.net(x)
        return ((pred - y) ** 2).mean()

    def fit(self, x, y):
        for epoch in range(self.epochs):
            total = 0.0
            for idx in torch.randperm(len(x)).split(self.batch):
                loss = self._loss(x[idx], y[idx])
                self.opt.zero_grad()
                loss.backward()
                self.opt.step()
                total += loss.item() * len(idx)
            if epoch % 5 == 0:
                print("epoch", epoch, "mse", total / len(x))
        return self

    @torch.no_grad()
    def score(self, x, y):
        pred = self.net(x).flatten()
        return 1 - ((pred - y) ** 2).sum().item() / ((y - y.mean()) ** 2).sum().item()


reg = Regressor(feats.shape[1]).fit(feats[tr], target[tr])
print("R2 train %.3f  test %.3f" % (reg.score(feats[tr], target[tr]), reg.score(feats[te], target[te])))
