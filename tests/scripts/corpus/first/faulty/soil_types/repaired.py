import torch
import torch.nn.functional as F
from sklearn.datasets import make_classification

torch.manual_seed(99)


def get_data():
    X, y = make_classification(
        n_samples=3000,
        n_features=18,
        n_informative=10,
        n_redundant=4,
        n_classes=5,
        n_clusters_per_class=1,
        class_sep=1.4,
        random_state=99,
    )
    X = (X - X.mean(0)) / X.std(0)
    return torch.tensor(X).float(), torch.tensor(y)


def shuffled(X, y):
    perm = torch.randperm(len(X))
    X = X[perm]
    y = y[perm]
    return X, y


def batches(X, y, size):
    X, y = shuffled(X, y)
    for start in range(0, len(X), size):
        yield X[start : start + size], y[start : start + size]


def build(n_in, n_out):
    return torch.nn.Sequential(
        torch.nn.Linear(n_in, 64),
        torch.nn.ReLU(),
        torch.nn.Linear(64, 32),
        torch.nn.ReLU(),
        torch.nn.Linear(32, n_out),
    )


def train(model, X, y, epochs=10, size=100):
    opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for ep in range(epochs):
        tot = 0
        for xb, yb in batches(X, y, size):
            loss = F.cross_entropy(model(xb), yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
            tot += loss.item()
        print("epoch", ep, "loss", tot / (len(X) / size))


X, y = get_data()
train(build(X.shape[1], 5), X, y)
