import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset


class Baskets(Dataset):
    """Variable-size baskets of items; label: does the basket hold a matching pair (item k and item k+20)?"""
    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.rows = []
        while len(self.rows) < n:
            size = int(torch.randint(3, 8, (1,), generator=g))
            items = torch.randperm(20, generator=g)[:size]
            items = items + 20 * torch.randint(0, 2, (size,), generator=g)
            label = len(self.rows) % 2
            if label:
                items[1] = (items[0] + 20) % 40
            self.rows.append((items + 1, float(label)))

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i]


def collate(rows):
    items, labels = zip(*rows)
    padded = pad_sequence(items, batch_first=True)
    return padded, padded == 0, torch.tensor(labels)


class BasketNet(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.emb = nn.Embedding(41, dim, padding_idx=0)
        self.attn = nn.MultiheadAttention(dim, 4, batch_first=True)
        self.n1, self.n2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.ff = nn.Sequential(nn.Linear(dim, 64), nn.GELU(), nn.Linear(64, dim))
        self.out = nn.Linear(dim, 1)

    def forward(self, items, pad):
        x = self.emb(items)
        x = self.n1(x + self.attn(x, x, x, key_padding_mask=pad, need_weights=False)[0])
        x = self.n2(x + self.ff(x)).masked_fill(pad.unsqueeze(-1), -1e4)
        return self.out(x.amax(1)).squeeze(1)


torch.manual_seed(13)
train = DataLoader(Baskets(6000, 0), batch_size=100, shuffle=True, collate_fn=collate)
valid = DataLoader(Baskets(800, 1), batch_size=400, collate_fn=collate)
net = BasketNet()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
crit = nn.BCEWithLogitsLoss()
for epoch in range(8):
    net.train()
    tot = 0.0
    for items, pad, y in train:
        loss = crit(net(items, pad), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot += loss.item() / len(train)
    net.eval()
    with torch.no_grad():
        acc = sum(((net(i, p) > 0).float() == y).sum().item() for i, p, y in valid) / 800
    print(f"epoch {epoch} train {tot:.4f} valid acc {acc:.3f}")
