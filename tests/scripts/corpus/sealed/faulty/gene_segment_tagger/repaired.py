"""Tag every base of a synthetic DNA read: inside or outside a marked segment."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

LENGTH = 40
START, STOP = torch.tensor([0, 3, 2]), torch.tensor([3, 0, 0])     # ATG ... TAA


def reads(n, seed):
    g = torch.Generator().manual_seed(seed)
    base = torch.randint(4, (n, LENGTH), generator=g)
    tag = torch.zeros(n, LENGTH)
    for i in range(n):
        a = int(torch.randint(0, 12, (1,), generator=g))
        b = int(torch.randint(a + 8, LENGTH - 3, (1,), generator=g))
        base[i, a:a + 3], base[i, b:b + 3] = START, STOP
        tag[i, a:b + 3] = 1
    return TensorDataset(base, tag)


class Tagger(nn.Module):
    def __init__(self, hidden=40):
        super().__init__()
        self.base = nn.Embedding(4, 12)
        self.rnn = nn.GRU(12, hidden, batch_first=True, bidirectional=True)
        self.drop = nn.Dropout(0.1)
        self.out = nn.Linear(2 * hidden, 1)

    def forward(self, x):
        h, _ = self.rnn(self.base(x))
        return self.out(self.drop(h)).squeeze(-1)


criterion = nn.BCEWithLogitsLoss()


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    loss = hits = 0.0
    for x, tag in loader:
        logit = model(x)
        loss += criterion(logit, tag).item()
        hits += ((logit > 0) == (tag > 0.5)).float().mean().item()
    return loss / len(loader), hits / len(loader)


def train_epoch(model, loader, optimizer):
    model.train()
    total = 0.0
    for x, tag in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), tag)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimizer.step()
        total += loss.item()
    return total / len(loader)


torch.manual_seed(43)
train_loader = DataLoader(reads(2000, 1), batch_size=40, shuffle=True)
val_loader = DataLoader(reads(400, 2), batch_size=100)
model = Tagger()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(9):
    loss = train_epoch(model, train_loader, optimizer)
    val, acc = evaluate(model, val_loader)
    print(f"epoch {epoch}: train {loss:.4f} val {val:.4f} base accuracy {acc:.3f}")
