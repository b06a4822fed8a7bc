"""Mood of guest notes of different length: padded batches, packed for the GRU. A negation flips the next mood word."""
import random

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader

PAD, NOT = 0, 1
GOOD, BAD, FILL = range(2, 12), range(12, 22), range(22, 60)


def note(rng):
    while True:
        words, score, flip = [], 0, 1
        for _ in range(rng.randint(5, 18)):
            u = rng.random()
            if u < 0.15 and flip == 1:
                words.append(NOT)
                flip = -1
            elif u < 0.5 or flip == -1:
                good = rng.random() < 0.5
                words.append(rng.choice(GOOD if good else BAD))
                score += flip * (1 if good else -1)
                flip = 1
            else:
                words.append(rng.choice(FILL))
        if score:
            return torch.tensor(words), float(score > 0)


def collate(notes):
    ids = [n[0] for n in notes]
    return pad_sequence(ids, batch_first=True, padding_value=PAD), torch.tensor([len(i) for i in ids]), torch.tensor([n[1] for n in notes])


class MoodGRU(nn.Module):
    def __init__(self, vocab=60, dim=24, hidden=40):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim, padding_idx=PAD)
        self.gru = nn.GRU(dim, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.emb(ids), lengths, batch_first=True, enforce_sorted=False)
        _, h = self.gru(packed)
        return self.out(h[-1]).squeeze(1)


rng = random.Random(14)
torch.manual_seed(14)
train = DataLoader([note(rng) for _ in range(3200)], batch_size=50, shuffle=True, collate_fn=collate)
test = DataLoader([note(rng) for _ in range(600)], batch_size=200, collate_fn=collate)
model = MoodGRU()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
bce = nn.BCEWithLogitsLoss()
for epoch in range(5):
    model.train()
    total = 0.0
    for ids, lengths, mood in train:
        opt.zero_grad()
        loss = bce(model(ids, lengths), mood)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        total += loss.item()
    model.eval()
    with torch.no_grad():
        out = [(model(i, l), m) for i, l, m in test]
    val = sum(bce(o, m).item() for o, m in out) / len(out)
    acc = sum(((o > 0) == (m > 0.5)).sum().item() for o, m in out) / 600
    print(f"epoch {epoch}: train {total / len(train):.3f} test {val:.3f} acc {acc:.3f}")
