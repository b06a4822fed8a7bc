"""Next-character model on text from a small grammar."""
import random
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass
class Config:
    hidden: int = 64
    emb: int = 24
    seq: int = 32
    batch: int = 32
    steps: int = 350
    lr: float = 4e-3
    seed: int = 7


def make_text(n, seed):
    r = random.Random(seed)
    subj = ["the cat", "a dog", "my aunt", "the old king", "one bird"]
    verb = ["eats", "sees", "likes", "paints", "follows"]
    obj = ["a fish", "the moon", "red apples", "some bread", "the river"]
    return "".join(f"{r.choice(subj)} {r.choice(verb)} {r.choice(obj)}. " for _ in range(n))


class CharModel(nn.Module):
    def __init__(self, vocab, cfg):
        super().__init__()
        self.emb = nn.Embedding(vocab, cfg.emb)
        self.rnn = nn.GRU(cfg.emb, cfg.hidden, batch_first=True)
        self.out = nn.Linear(cfg.hidden, vocab)

    def forward(self, idx):
        h, _ = self.rnn(self.emb(idx))
        return torch.softmax(self.out(h), dim=-1)


def run(cfg: Config):
    torch.manual_seed(cfg.seed)
    text = make_text(2500, cfg.seed)
    vocab = sorted(set(text))
    ids = torch.tensor([vocab.index(c) for c in text])
    model = CharModel(len(vocab), cfg)
    optimizer = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    for step in range(cfg.steps):
        start = torch.randint(0, len(ids) - cfg.seq - 1, (cfg.batch,))
        window = torch.stack([ids[s:s + cfg.seq + 1] for s in start])
        pred = model(window[:, :-1])
        loss = F.cross_entropy(pred.reshape(-1, len(vocab)), window[:, 1:].reshape(-1))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if step % 50 == 0 or step == cfg.steps - 1:
            acc = (pred.argmax(-1) == window[:, 1:]).float().mean()
            print(f"step {step:4d} loss {loss.item():.3f} acc {acc.item():.3f}")


if __name__ == "__main__":
    run(Config())
