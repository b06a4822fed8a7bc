"""Bidirectional GRU that tags each token of a padded sentence from a toy grammar."""

import random

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

PAD, VOCAB, TAGS = 0, 40, 4


def make_sentence(rng):
    """Tag depends on the token class and on the class of its left neighbour."""
    length = rng.randint(4, 16)
    words = [rng.randrange(1, VOCAB) for _ in range(length)]
    tags = []
    for i, w in enumerate(words):
        left = words[i - 1] % 2 if i else 0
        tags.append((w % 2) * 2 + left)
    return torch.tensor(words), torch.tensor(tags)


class Sentences(Dataset):
    def __init__(self, n, seed):
        rng = random.Random(seed)
        self.rows = [make_sentence(rng) for _ in range(n)]

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i]


def collate(rows):
    words, tags = zip(*rows)
    lengths = torch.tensor([len(w) for w in words])
    words = pad_sequence(words, batch_first=True, padding_value=PAD)
    tags = pad_sequence(tags, batch_first=True, padding_value=-100)
    return words, tags, lengths


class Tagger(nn.Module):
    def __init__(self, dim=24, hidden=32):
        super().__init__()
        self.embed = nn.Embedding(VOCAB, dim, padding_idx=PAD)
        self.rnn = nn.GRU(dim, hidden, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * hidden, TAGS)

    def forward(self, words, lengths):
        packed = pack_padded_sequence(
            self.embed(words), lengths, batch_first=True, enforce_sorted=False
        )
        hidden, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        return torch.log_softmax(self.out(hidden), dim=-1)


def main():
    torch.manual_seed(8)
    train = DataLoader(Sentences(1280, 1), 32, shuffle=True, collate_fn=collate)
    val = DataLoader(Sentences(256, 2), 64, collate_fn=collate)
    model = Tagger()
    criterion = nn.NLLLoss(ignore_index=-100)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

    for epoch in range(7):
        model.train()
        for i, (words, tags, lengths) in enumerate(train):
            optimizer.zero_grad()
            log_probs = model(words, lengths)
            loss = criterion(log_probs.reshape(-1, TAGS), tags.reshape(-1))
            loss.backward()
            nn.utils.clip_grad_value_(model.parameters(), 1.0)
            optimizer.step()
            if i == 0:
                print(f"epoch {epoch} first batch loss {loss.item():.4f}")

        model.eval()
        right = total = 0
        with torch.no_grad():
            for words, tags, lengths in val:
                guess = model(words, lengths).argmax(-1)
                mask = tags != -100
                right += (guess[mask] == tags[mask]).sum().item()
                total += mask.sum().item()
        print(f"epoch {epoch} last loss {loss.item():.4f} val acc {right / total:.3f}")


if __name__ == "__main__":
    main()
