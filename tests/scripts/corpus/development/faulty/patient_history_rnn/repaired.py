"""Outcome from a static profile followed by a long record of vital signs."""
import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset


class Records(Dataset):
    def __init__(self, n, seed, length=50):
        g = torch.Generator().manual_seed(seed)
        self.profile = torch.randn(n, 6, generator=g)
        self.vitals = torch.randn(n, length, 3, generator=g) * 0.7
        risk = self.profile @ torch.tensor([1.5, -1.0, 1.0, 0.0, 0.5, -1.5])
        risk = risk + self.vitals[:, -10:, 0].sum(1) * 0.4
        self.label = (risk > 0).float()

    def __len__(self):
        return len(self.label)

    def __getitem__(self, i):
        return self.profile[i], self.vitals[i], self.label[i]


class HistoryNet(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.profile_in = nn.Sequential(nn.Linear(6, d), nn.Tanh(), nn.Linear(d, d))
        self.vitals_in = nn.Linear(3, d)
        self.rnn = nn.RNN(d, d, batch_first=True)
        nn.init.orthogonal_(self.rnn.weight_hh_l0)
        self.head = nn.Linear(d, 1)

    def forward(self, profile, vitals):
        first = self.profile_in(profile).unsqueeze(1)
        seq = torch.cat([first, self.vitals_in(vitals)], dim=1)
        states, _ = self.rnn(seq)
        summary = states[:, 0] + states[:, -1]
        return self.head(summary).squeeze(1)


def evaluate(net, loader):
    net.eval()
    hits = n = 0
    with torch.no_grad():
        for p, v, t in loader:
            hits += ((net(p, v) > 0).float() == t).sum().item()
            n += len(t)
    return hits / n


torch.manual_seed(2)
train_loader = DataLoader(Records(3200, 2), batch_size=64, shuffle=True)
val_loader = DataLoader(Records(800, 3), batch_size=200)
net = HistoryNet()
opt = optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(6):
    net.train()
    for p, v, t in train_loader:
        loss = F.binary_cross_entropy_with_logits(net(p, v), t)
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(f"epoch {epoch} loss {loss.item():.4f} val acc {evaluate(net, val_loader):.3f}")
