import random
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence
from torch.utils.data import DataLoader

random.seed(5)
torch.manual_seed(5)
GOOD = "great lovely superb fun moving brilliant".split()
BAD = "dull awful boring weak messy terrible".split()
FILL = "the film was and a story with actors scenes in it plot music really quite".split()
VOCAB = {w: i + 1 for i, w in enumerate(GOOD + BAD + FILL + ["not"])}


def review():
    label = random.randint(0, 1)
    words = []
    for _ in range(random.randint(5, 18)):
        u = random.random()
        if u < 0.22:
            positive = label == 1 if random.random() < 0.88 else label == 0
            if random.random() < 0.3:
                words += ["not", random.choice(BAD if positive else GOOD)]
            else:
                words.append(random.choice(GOOD if positive else BAD))
        else:
            words.append(random.choice(FILL))
    words.append(random.choice(GOOD if label else BAD))
    random.shuffle(words) if "not" not in words else None
    return torch.tensor([VOCAB[w] for w in words]), label


def collate(items):
    seqs, labels = zip(*items)
    lengths = torch.tensor([len(s) for s in seqs])
    return pad_sequence(seqs, batch_first=True, padding_value=0), lengths, torch.tensor(labels, dtype=torch.float32)


class Sentiment(nn.Module):
    def __init__(self, vocab, dim=16, hidden=32):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim, padding_idx=0)
        self.rnn = nn.LSTM(dim, hidden, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * hidden, 1)

    def forward(self, tokens, lengths):
        packed = pack_padded_sequence(self.emb(tokens), lengths, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.rnn(packed)
        return self.out(torch.cat([h[0], h[1]], 1)).squeeze(1)


train_dl = DataLoader([review() for _ in range(3000)], batch_size=50, shuffle=True, collate_fn=collate)
val_dl = DataLoader([review() for _ in range(600)], batch_size=100, collate_fn=collate)
model = Sentiment(len(VOCAB) + 1)
opt = torch.optim.Adam(model.parameters(), lr=4e-3)
bce = nn.BCEWithLogitsLoss()
for epoch in range(6):
    model.train()
    run = 0.0
    for tok, ln, y in train_dl:
        opt.zero_grad()
        loss = bce(model(tok, ln), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        opt.step()
        run += loss.item()
    model.eval()
    with torch.no_grad():
        hit = sum(((model(tok, ln) > 0).float() == y).sum().item() for tok, ln, y in val_dl)
    print(f"epoch {epoch} loss {run / len(train_dl):.4f} val acc {hit / 600:.3f}")
