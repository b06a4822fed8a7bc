import torch
from torch import nn
from torch.utils.data import TensorDataset, DataLoader
from sklearn.datasets import make_classification
from sklearn.preprocessing import StandardScaler


class Dense(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.weight = nn.Parameter(torch.full((n_in, n_out), n_in ** -0.5))
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x):
        return x @ self.weight + self.bias


class PhonemeNet(nn.Module):
    def __init__(self, n_in, n_classes, width=40):
        super().__init__()
        self.first = Dense(n_in, width)
        self.second = Dense(width, width)
        self.readout = Dense(width, n_classes)

    def forward(self, x):
        x = torch.tanh(self.first(x))
        x = torch.tanh(self.second(x))
        return self.readout(x)


def loaders(seed=4):
    x, y = make_classification(4000, 20, n_informative=10, n_redundant=4, n_classes=6, n_clusters_per_class=1,
                               class_sep=1.6, random_state=seed)
    x = torch.tensor(StandardScaler().fit_transform(x), dtype=torch.float32)
    y = torch.tensor(y)
    train = TensorDataset(x[:3200], y[:3200])
    valid = TensorDataset(x[3200:], y[3200:])
    return DataLoader(train, batch_size=64, shuffle=True), DataLoader(valid, batch_size=400)


torch.manual_seed(0)
train_dl, valid_dl = loaders()
net = PhonemeNet(20, 6)
opt = torch.optim.RMSprop(net.parameters(), lr=1e-3)
ce = nn.CrossEntropyLoss()
for epoch in range(8):
    net.train()
    for xb, yb in train_dl:
        opt.zero_grad()
        loss = ce(net(xb), yb)
        loss.backward()
        opt.step()
    net.eval()
    hits = n = 0
    with torch.no_grad():
        for xb, yb in valid_dl:
            hits += (net(xb).argmax(1) == yb).sum().item()
            n += len(yb)
    print(f"epoch {epoch}  loss {loss.item():.4f}  valid accuracy {hits / n:.3f}")
