"""Tag every position of a synthetic sentence; the tag depends on the neighbours."""

import random

import torch
import torch.nn as nn

VOCAB, TAGS, PAD_TAG = 30, 6, -100


def make_sentence(rng: random.Random):
    n = rng.randint(5, 14)
    words = [rng.randint(1, VOCAB - 1) for _ in range(n)]
    tags = []
    for i, w in enumerate(words):
        prev = words[i - 1] if i else 0
        tags.append((w % 3) + (3 if prev % 2 else 0))
    return words, tags


def collate(pairs):
    longest = max(len(w) for w, _ in pairs)
    words = torch.zeros(len(pairs), longest, dtype=torch.long)
    tags = torch.full((len(pairs), longest), PAD_TAG)
    for row, (w, t) in enumerate(pairs):
        words[row, : len(w)] = torch.tensor(w)
        tags[row, : len(t)] = torch.tensor(t)
    return words, tags


class Tagger(nn.Module):
    def __init__(self, emb=16, hidden=32):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, emb, padding_idx=0)
        self.rnn = nn.GRU(emb, hidden, batch_first=True, bidirectional=True)
        self.project = nn.Sequential(
            nn.Linear(2 * hidden, TAGS),
            nn.Softmax(dim=-1),
        )

    def forward(self, words):
        states, _ = self.rnn(self.embedding(words))
        return self.project(states)


def main():
    torch.manual_seed(8)
    rng = random.Random(8)
    corpus = [make_sentence(rng) for _ in range(1600)]
    tagger = Tagger()
    criterion = nn.CrossEntropyLoss(ignore_index=PAD_TAG)
    optimizer = torch.optim.Adam(tagger.parameters(), lr=5e-3)

    step = 0
    for epoch in range(6):
        rng.shuffle(corpus)
        for start in range(0, len(corpus), 32):
            words, tags = collate(corpus[start : start + 32])
            scores = tagger(words)
            loss = criterion(scores.transpose(1, 2), tags)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
            if step % 50 == 0:
                keep = tags != PAD_TAG
                acc = (scores.argmax(-1)[keep] == tags[keep]).float().mean()
                print(f"step {step} loss {loss.item():.3f} token acc {acc:.3f}")


if __name__ == "__main__":
    main()
