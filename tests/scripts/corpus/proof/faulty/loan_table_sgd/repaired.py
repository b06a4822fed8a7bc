import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader


class Loans(Dataset):
    def __init__(self, n, seed):
        r = np.random.RandomState(seed)
        income = r.lognormal(10.4, 0.5, n)
        amount = r.uniform(2000, 40000, n)
        months = r.choice([12, 24, 36, 48, 60], n)
        age = r.uniform(20, 70, n)
        savings = r.exponential(6000, n)
        burden = amount / months / (income / 12)
        score = 9 * (burden - 0.25) - savings / 8000 + 0.02 * (45 - age) + 0.4
        self.y = (score + r.logistic(0, 0.4, n) > 0).astype(np.float32)
        table = np.stack([income, amount, months, age, savings], 1)
        table = (np.log1p(table) - np.log1p(table).mean(0)) / np.log1p(table).std(0)
        self.x = table.astype(np.float32)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return torch.from_numpy(self.x[i]), torch.tensor(self.y[i])


torch.manual_seed(77)
train = DataLoader(Loans(3200, 1), batch_size=64, shuffle=True, num_workers=2)
test = Loans(800, 2)
tx, ty = torch.from_numpy(test.x), torch.from_numpy(test.y)
net = nn.Sequential(nn.Linear(5, 40), nn.Tanh(), nn.Linear(40, 40), nn.Tanh(), nn.Linear(40, 1), nn.Flatten(0))
opt = torch.optim.SGD(net.parameters(), lr=0.08, momentum=0.9)
bce = nn.BCEWithLogitsLoss()
for epoch in range(7):
    net.train()
    tot = 0.0
    for x, y in train:
        opt.zero_grad()
        loss = bce(net(x), y)
        loss.backward()
        opt.step()
        tot += loss.item()
    net.eval()
    with torch.no_grad():
        out = net(tx)
        acc = ((out > 0) == (ty > 0.5)).float().mean()
    print(f"epoch {epoch} loss {tot / len(train):.4f} test loss {bce(out, ty):.4f} acc {acc:.3f}")
