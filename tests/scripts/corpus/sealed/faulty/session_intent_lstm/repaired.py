import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(31)
EVENTS, LENGTH, INTENTS = 30, 14, 5


def sessions(n, g):
    """Click streams; the intent decides which of 5 event bigrams occurs twice."""
    ev = torch.randint(0, EVENTS, (n, LENGTH), generator=g)
    intent = torch.randint(0, INTENTS, (n,), generator=g)
    for start in (0, 7):
        pos = start + torch.randint(0, 6, (n,), generator=g)
        rows = torch.arange(n)
        ev[rows, pos] = intent
        ev[rows, pos + 1] = intent + INTENTS
    return ev, intent


class IntentLSTM(nn.Module):
    def __init__(self, keep_prob=0.9, dim=24, hidden=48):
        super().__init__()
        self.emb = nn.Embedding(EVENTS, dim)
        self.drop = nn.Dropout(1 - keep_prob)
        self.lstm = nn.LSTM(dim, hidden, batch_first=True, bidirectional=True)
        self.mix = nn.Linear(2 * hidden, hidden)
        self.out = nn.Linear(hidden, INTENTS)

    def forward(self, ev):
        h, _ = self.lstm(self.drop(self.emb(ev)))
        h = torch.tanh(self.mix(h.amax(1)))
        return self.out(self.drop(h))


g = torch.Generator().manual_seed(31)
train = DataLoader(TensorDataset(*sessions(3000, g)), batch_size=60, shuffle=True)
valid = DataLoader(TensorDataset(*sessions(600, g)), batch_size=300)
net = IntentLSTM()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
crit = nn.CrossEntropyLoss()
for epoch in range(8):
    net.train()
    tot = 0.0
    for ev, intent in train:
        opt.zero_grad()
        loss = crit(net(ev), intent)
        loss.backward()
        opt.step()
        tot += loss.item()
    net.eval()
    with torch.no_grad():
        hit = sum((net(ev).argmax(1) == k).sum().item() for ev, k in valid)
    print(f"epoch {epoch} train {tot / len(train):.4f} valid acc {hit / 600:.3f}")
