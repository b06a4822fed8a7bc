import torch
import torch.nn as nn
from sklearn.datasets import load_wine
from sklearn.preprocessing import StandardScaler

torch.manual_seed(2)
wine = load_wine()
Z = StandardScaler().fit_transform(wine.data)
Z = torch.tensor(Z, dtype=torch.float32)
inputs = torch.cat([Z[:, :9], Z[:, 10:12]], 1)      # colour and proline are to be predicted
colour, proline = Z[:, 9:10], Z[:, 12:13]
cultivar = torch.tensor(wine.target)
perm = torch.randperm(len(Z))
tr, va = perm[:140], perm[140:]


class WineNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.shared = nn.Sequential(nn.Linear(11, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh())
        self.heads = nn.ModuleDict({"cultivar": nn.Linear(32, 3), "colour": nn.Linear(32, 1), "proline": nn.Linear(32, 1)})

    def forward(self, x):
        h = self.shared(x)
        return {k: head(h) for k, head in self.heads.items()}


def losses(out, idx):
    return {
        "cultivar": nn.functional.cross_entropy(out["cultivar"], cultivar[idx]),
        "colour": nn.functional.mse_loss(out["colour"], colour[idx]),
        "proline": nn.functional.mse_loss(out["proline"], proline[idx]),
    }


model = WineNet()
opt = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.8)
for epoch in range(50):
    model.train()
    for idx in tr[torch.randperm(len(tr))].split(20):
        parts = losses(model(inputs[idx]), idx)
        total = sum(parts.values())
        opt.zero_grad()
        total.backward()
        opt.step()
    if epoch % 10 == 9:
        model.eval()
        with torch.no_grad():
            out = model(inputs[va])
            parts = losses(out, va)
            acc = (out["cultivar"].argmax(1) == cultivar[va]).float().mean()
        print(epoch + 1, {k: round(v.item(), 3) for k, v in parts.items()}, "acc %.3f" % acc)
