import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(101)
VOCAB, T = 12, 18


def make(n):
    """token strings; the class says whether token 3 is followed, somewhere, by token 7, by 9 or by neither"""
    x = torch.randint(0, VOCAB, (n, T))
    x[(x == 3)] = 0
    y = torch.randint(0, 3, (n,))
    pos = torch.randint(0, T - 1, (n,))
    r = torch.arange(n)
    x[r, pos] = 3
    follow = torch.tensor([7, 9, 1])[y]
    x[r, pos + 1] = follow
    return x, y


class Tagger(nn.Module):
    def __init__(self, emb=16, hidden=32):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, emb)
        self.lstm = nn.LSTM(emb, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 3)

    def forward(self, tokens):
        h, _ = self.lstm(self.emb(tokens))
        return self.out(h.max(dim=1).values)


xtr, ytr = make(2400)
xte, yte = make(600)
dl = DataLoader(TensorDataset(xtr, ytr), batch_size=60, shuffle=True)
model = Tagger()
opt = torch.optim.Adam(model.parameters(), lr=1.0)
loss_fn = nn.CrossEntropyLoss()
for epoch in range(6):
    model.train()
    total = 0.0
    for tokens, label in dl:
        loss = loss_fn(model(tokens), label)
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item()
    model.eval()
    with torch.no_grad():
        acc = (model(xte).argmax(1) == yte).float().mean().item()
    print(f"epoch {epoch}: train {total / len(dl):.3f} test acc {acc:.3f}")
