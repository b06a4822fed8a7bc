import torch
import torch.nn.functional as F
from torch import nn

BASES = "ACGT"
MOTIFS = ["TATAAA", "GGCCGG", "CACGTG"]


class SequenceSource:
    """Random DNA; one of three motifs is planted at a random place."""

    def __init__(self, length=24, seed=5):
        self.length = length
        self.gen = torch.Generator().manual_seed(seed)
        self.codes = torch.tensor([[BASES.index(b) for b in m] for m in MOTIFS])

    def batch(self, n):
        seq = torch.randint(0, 4, (n, self.length), generator=self.gen)
        label = torch.randint(0, len(MOTIFS), (n,), generator=self.gen)
        start = torch.randint(0, self.length - 5, (n, 1), generator=self.gen)
        seq.scatter_(1, start + torch.arange(6), self.codes[label])
        return seq, label


class MotifClassifier(nn.Module):
    def __init__(self, emb=12, hidden=32, n_classes=3):
        super().__init__()
        self.embed = nn.Embedding(4, emb)
        self.rnn = nn.GRU(emb, hidden, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * hidden, n_classes)

    def forward(self, seq):
        states, _ = self.rnn(self.embed(seq))
        pooled = states.max(dim=1).values
        return self.head(pooled)


class Trainer:
    def __init__(self, model, source, lr=5e-3):
        self.model = model
        self.source = source
        self.opt = torch.optim.Adam(model.parameters(), lr=lr)

    def step(self, n=64):
        seq, label = self.source.batch(n)
        out = self.model(seq)
        loss = F.cross_entropy(out, label)
        self.opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.opt.step()
        acc = (out.argmax(-1) == label).float().mean()
        return loss.item(), acc.item()

    def fit(self, steps, report=50):
        for k in range(1, steps + 1):
            loss, acc = self.step()
            if k % report == 0:
                print(f"{k:4d} | loss {loss:.3f} | acc {acc:.2f}")


if __name__ == "__main__":
    torch.manual_seed(5)
    Trainer(MotifClassifier(), SequenceSource()).fit(350)
