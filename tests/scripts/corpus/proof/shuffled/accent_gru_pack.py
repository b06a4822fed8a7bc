import random
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset

random.seed(14)
torch.manual_seed(14)
SOUNDS = 15


def utterance(accent):
    """each accent moves through the sounds with its own preferred jump"""
    s, out = random.randrange(SOUNDS), []
    for _ in range(random.randint(10, 20)):
        out.append(s)
        s = (s + (accent * 2 + 1 if random.random() < 0.7 else random.randrange(SOUNDS))) % SOUNDS
    return out


accents = [random.randrange(4) for _ in range(2000)]
utterances = [torch.tensor(utterance(a)) for a in accents]
random.shuffle(accents)


class Speech(Dataset):
    def __init__(self, lo, hi):
        self.u, self.a = utterances[lo:hi], accents[lo:hi]

    def __len__(self):
        return len(self.u)

    def __getitem__(self, i):
        return self.u[i], self.a[i]


def collate(items):
    seqs, acc = zip(*items)
    lengths = torch.tensor([len(s) for s in seqs])
    return pad_sequence(seqs, batch_first=True, padding_value=SOUNDS), lengths, torch.tensor(acc)


class AccentNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(SOUNDS + 1, 16, padding_idx=SOUNDS)
        self.gru = nn.GRU(16, 32, batch_first=True)
        self.fc = nn.Linear(32, 4)

    def forward(self, x, lengths):
        h, _ = self.gru(self.emb(x))
        last = h[torch.arange(len(x)), lengths - 1]
        return self.fc(last)


train = DataLoader(Speech(0, 1700), batch_size=40, shuffle=True, collate_fn=collate)
val = DataLoader(Speech(1700, 2000), batch_size=100, collate_fn=collate)
model = AccentNet()
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(6):
    model.train()
    tot = 0.0
    for x, n, a in train:
        loss = nn.functional.cross_entropy(model(x, n), a)
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot += loss.item()
    model.eval()
    with torch.no_grad():
        ok = sum((model(x, n).argmax(1) == a).sum().item() for x, n, a in val)
    print(f"epoch {epoch} loss {tot / len(train):.3f} val acc {ok / 300:.3f}")
