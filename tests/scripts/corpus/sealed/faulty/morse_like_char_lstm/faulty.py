"""Next-character model for a small artificial command language."""
import random

import torch
import torch.nn as nn

random.seed(0)
torch.manual_seed(0)
VERBS = ["open", "close", "drain", "flush", "probe", "reset"]
PARTS = ["valve", "gate", "pump", "sensor", "filter", "tank"]
ALPHABET = sorted(set("".join(VERBS + PARTS) + " 0123456789;"))
TO_ID = {c: i for i, c in enumerate(ALPHABET)}


def command():
    verb, part = random.choice(VERBS), random.choice(PARTS)
    code = (VERBS.index(verb) * 6 + PARTS.index(part)) % 10
    return f"{verb} {part} {code};"


corpus = torch.tensor([TO_ID[c] for c in "".join(command() for _ in range(6000))])
cut = int(0.9 * len(corpus))


def batch(part, size=32, length=32):
    at = torch.randint(len(part) - length - 1, (size,))
    rows = torch.stack([part[a:a + length + 1] for a in at.tolist()])
    return rows[:, :-1], rows[:, 1:]


class CharLSTM(nn.Module):
    def __init__(self, vocab, dim=24, hidden=96):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.lstm = nn.LSTM(dim, hidden, batch_first=True)
        self.out = nn.Linear(hidden, vocab)

    def forward(self, ids):
        h, _ = self.lstm(self.embed(ids))
        return self.out(h)


model = CharLSTM(len(ALPHABET))
opt = torch.optim.Adam(model.parameters(), lr=2.5e-3)
STEPS = 70
for step in range(1, STEPS + 1):
    ids, nxt = batch(corpus[:cut])
    loss = nn.functional.cross_entropy(model(ids).flatten(0, 1), nxt.flatten())
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    if step % 10 == 0:
        with torch.no_grad():
            ids, nxt = batch(corpus[cut:], size=64)
            held = nn.functional.cross_entropy(model(ids).flatten(0, 1), nxt.flatten())
        print(f"step {step:4d} loss {loss.item():.3f} held-out {held.item():.3f}")
