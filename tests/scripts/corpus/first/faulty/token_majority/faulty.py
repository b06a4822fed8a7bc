from dataclasses import dataclass

import torch
from torch import nn


@dataclass
class Config:
    vocab: int = 4
    length: int = 15
    dim: int = 32
    heads: int = 4
    layers: int = 1
    batch: int = 64
    batches_per_epoch: int = 40
    epochs: int = 8
    lr: float = 3e-3
    gamma: float = 0.55
    seed: int = 17


class Encoder(nn.Module):
    def __init__(self, cfg: Config):
        super().__init__()
        self.embed = nn.Embedding(cfg.vocab, cfg.dim)
        self.pos = nn.Parameter(0.02 * torch.randn(cfg.length, cfg.dim))
        layer = nn.TransformerEncoderLayer(
            cfg.dim, cfg.heads, 2 * cfg.dim, dropout=0.0, batch_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, cfg.layers)
        self.head = nn.Linear(cfg.dim, cfg.vocab)

    def forward(self, tokens):
        h = self.encoder(self.embed(tokens) + self.pos)
        return self.head(h.mean(dim=1))


def make_batch(cfg, gen):
    """Tokens and the index of the most frequent one."""
    tokens = torch.randint(0, cfg.vocab, (cfg.batch, cfg.length), generator=gen)
    favourite = torch.randint(0, cfg.vocab, (cfg.batch, 1), generator=gen)
    swap = torch.rand(cfg.batch, cfg.length, generator=gen) < 0.25
    tokens = torch.where(swap, favourite, tokens)
    counts = nn.functional.one_hot(tokens, cfg.vocab).sum(dim=1)
    return tokens, counts.argmax(dim=1)


def train(cfg: Config):
    torch.manual_seed(cfg.seed)
    gen = torch.Generator().manual_seed(cfg.seed)
    model = Encoder(cfg)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=cfg.lr)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, cfg.gamma)
    for epoch in range(cfg.epochs):
        mean_loss = 0.0
        for _ in range(cfg.batches_per_epoch):
            tokens, label = make_batch(cfg, gen)
            loss = criterion(model(tokens), label)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
            mean_loss += loss.item() / cfg.batches_per_epoch
        print(f"epoch {epoch}: loss {mean_loss:.4f}")


if __name__ == "__main__":
    train(Config())
