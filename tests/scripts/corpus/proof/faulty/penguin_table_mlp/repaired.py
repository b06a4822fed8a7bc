import torch
from torch import nn
from sklearn.datasets import make_blobs

torch.manual_seed(40)


class Species(nn.Module):
    def __init__(self, d=6, h=32, k=5):
        super().__init__()
        self.fc1 = nn.Linear(d, h)
        self.fc2 = nn.Linear(h, h)
        self.fc3 = nn.Linear(h, k)
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.xavier_uniform_(m.weight)
                nn.init.zeros_(m.bias)

    def forward(self, x):
        x = torch.tanh(self.fc1(x))
        x = torch.tanh(self.fc2(x))
        return self.fc3(x)


X, y = make_blobs(n_samples=3000, centers=10, n_features=6, cluster_std=2.2, random_state=8)
X = (X - X.mean(0)) / X.std(0)
y = y % 5
X, y = torch.tensor(X).float(), torch.tensor(y)
Xtr, Xva = X[:2400], X[2400:]
ytr, yva = y[:2400], y[2400:]

net = Species()
opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
lossf = nn.CrossEntropyLoss()
for epoch in range(8):
    net.train()
    for b in torch.randperm(2400).split(60):
        loss = lossf(net(Xtr[b]), ytr[b])
        opt.zero_grad()
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        out = net(Xva)
        print("epoch", epoch, "train loss %.4f" % loss.item(), "val loss %.4f" % lossf(out, yva).item(),
              "acc %.3f" % (out.argmax(1) == yva).float().mean().item())
