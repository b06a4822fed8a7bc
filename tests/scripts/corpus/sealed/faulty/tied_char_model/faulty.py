import math
import random
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(33)
V, D, T = 40, 64, 32


class Markov:
    """First-order source: each symbol has three likely successors."""
    def __init__(self, seed):
        g = torch.Generator().manual_seed(seed)
        self.next = torch.randint(0, V, (V, 3), generator=g)

    def text(self, n):
        rng, table, out, s = random.Random(n), self.next.tolist(), [], 0
        for _ in range(n):
            s = table[s][rng.choices((0, 1, 2), (0.7, 0.2, 0.1))[0]] if rng.random() > 0.08 else rng.randrange(V)
            out.append(s)
        return torch.tensor(out)


class TiedLM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(V, D)
        self.rnn = nn.GRU(D, D, batch_first=True)
        self.ln = nn.LayerNorm(D)
        self.bias = nn.Parameter(torch.zeros(V))

    def forward(self, tok):
        x = self.emb(tok) * math.sqrt(D)
        h, _ = self.rnn(x)
        return F.linear(self.ln(h), self.emb.weight, self.bias)


text = Markov(5).text(90000)
train, valid = text[:84000], text[84000:]
valid = valid[: len(valid) // (T + 1) * (T + 1)].view(-1, T + 1)
lm = TiedLM()
opt = torch.optim.AdamW(lm.parameters(), lr=2e-3, weight_decay=0.01)
for step in range(321):
    start = torch.randint(0, len(train) - T - 1, (32,))
    chunk = train[start[:, None] + torch.arange(T + 1)]
    loss = F.cross_entropy(lm(chunk[:, :-1]).reshape(-1, V), chunk[:, 1:].reshape(-1))
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(lm.parameters(), 5.0)
    opt.step()
    if step % 80 == 0:
        lm.eval()
        with torch.no_grad():
            vl = F.cross_entropy(lm(valid[:, :-1]).reshape(-1, V), valid[:, 1:].reshape(-1))
        lm.train()
        print(f"step {step} train {loss.item():.3f} valid {vl.item():.3f} (uniform {math.log(V):.3f})")
