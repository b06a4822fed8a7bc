import numpy as np
import torch
from torch import nn
from sklearn.datasets import make_blobs
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

CULTIVARS = 5


def load(seed=9):
    x, y = make_blobs(3000, n_features=10, centers=15, cluster_std=2.6, random_state=seed)
    y = y % CULTIVARS
    xt, xv, yt, yv = train_test_split(x, y, test_size=0.25, stratify=y, random_state=seed)
    sc = StandardScaler().fit(xt)
    as_t = lambda a: torch.tensor(a, dtype=torch.float32)
    return as_t(sc.transform(xt)), torch.tensor(yt), as_t(sc.transform(xv)), torch.tensor(yv)


class CultivarNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Sequential(nn.Linear(10, 64), nn.LeakyReLU(0.1), nn.Linear(64, 32), nn.LeakyReLU(0.1))
        self.out = nn.Linear(32, CULTIVARS)

    def forward(self, x):
        return self.out(self.hidden(x))

    def loss(self, x, y):
        return nn.functional.cross_entropy(self(x), y)

    @torch.no_grad()
    def predict(self, x):
        return self(x).argmax(1)


def run():
    torch.manual_seed(9)
    xt, yt, xv, yv = load()
    net = CultivarNet()
    opt = torch.optim.SGD(net.parameters(), lr=0.03, momentum=0.9, nesterov=True)
    history = []
    for epoch in range(10):
        for idx in torch.randperm(len(xt)).split(75):
            opt.zero_grad()
            loss = net.loss(xt[idx], yt[idx])
            loss.backward()
            opt.step()
            history.append(loss.item())
        acc = (net.predict(xv) == yv).float().mean().item()
        print(f"[{epoch}] loss {np.mean(history[-30:]):.4f}  accuracy {acc:.3f}")


run()
