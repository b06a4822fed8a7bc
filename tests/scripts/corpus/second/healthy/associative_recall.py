import math
from dataclasses import dataclass

import torch
from torch import nn


@dataclass
class Args:
    n_symbols: int = 10
    length: int = 8
    dim: int = 40
    lr: float = 3e-3
    batch: int = 64
    steps: int = 450


def recall_batch(args):
    """Distinct keys with random values; asked for the value of one of the keys."""
    keys = torch.rand(args.batch, args.n_symbols).argsort(1)[:, : args.length]
    values = torch.randint(0, args.n_symbols, (args.batch, args.length))
    which = torch.randint(0, args.length, (args.batch,))
    rows = torch.arange(args.batch)
    return keys, values, keys[rows, which], values[rows, which]


def softmax(scores):
    shifted = scores - scores.max(dim=-1, keepdim=True).values
    e = shifted.exp()
    return e / e.sum(dim=-1, keepdim=True)


class AttentionReader(nn.Module):
    def __init__(self, args):
        super().__init__()
        d = args.dim
        self.key_emb = nn.Embedding(args.n_symbols, d)
        self.value_emb = nn.Embedding(args.n_symbols, d)
        self.q = nn.Linear(d, d, bias=False)
        self.k = nn.Linear(d, d, bias=False)
        self.v = nn.Linear(d, d, bias=False)
        self.out = nn.Linear(d, args.n_symbols)

    def forward(self, keys, values, query):
        q = self.q(self.key_emb(query)).unsqueeze(1)
        k = self.k(self.key_emb(keys))
        v = self.v(self.value_emb(values))
        attn = softmax(q @ k.transpose(1, 2) / math.sqrt(k.size(-1)))
        return self.out((attn @ v).squeeze(1))


def main():
    torch.manual_seed(3)
    args = Args()
    model = AttentionReader(args)
    opt = torch.optim.AdamW(model.parameters(), lr=args.lr, betas=(0.9, 0.98))
    warmup = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(1.0, (s + 1) / 40))
    loss_fn = nn.CrossEntropyLoss()
    for step in range(1, args.steps + 1):
        keys, values, query, answer = recall_batch(args)
        logits = model(keys, values, query)
        loss = loss_fn(logits, answer)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        warmup.step()
        if step % 50 == 0:
            acc = (logits.argmax(-1) == answer).float().mean().item()
            print(f"{step:>5} loss={loss.item():.3f} acc={acc:.2f}")


if __name__ == "__main__":
    main()
