import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader


class Baskets(Dataset):
    """sets of items with a price and a group; which group costs most in total?"""

    def __init__(self, n, seed, items=12, groups=4):
        g = torch.Generator().manual_seed(seed)
        group = torch.randint(0, groups, (n, items), generator=g)
        price = torch.rand(n, items, generator=g) * 2
        total = torch.zeros(n, groups).scatter_add_(1, group, price)
        self.x = torch.cat([F.one_hot(group, groups).float(), price.unsqueeze(2) - 1], 2)
        self.y = total.argmax(1)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class BasketNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.item = nn.Sequential(nn.Linear(5, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU())
        self.basket = nn.Sequential(nn.Linear(48, 32), nn.Tanh(), nn.Linear(32, 4))
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.kaiming_normal_(m.weight)
                nn.init.zeros_(m.bias)

    def forward(self, x):
        return self.basket(self.item(x).mean(1))


torch.manual_seed(41)
net = BasketNet()
train = DataLoader(Baskets(2600, 1), batch_size=52, shuffle=True)
test = Baskets(600, 2)
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
for epoch in range(7):
    net.train()
    tot = 0
    for x, y in train:
        opt.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        opt.step()
        tot += loss.item()
    net.eval()
    with torch.no_grad():
        acc = (net(test.x).argmax(1) == test.y).float().mean().item()
    print(f"epoch {epoch} loss {tot / len(train):.4f} test acc {acc:.3f}")
