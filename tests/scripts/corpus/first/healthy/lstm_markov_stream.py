"""LSTM on a long symbol stream, with the state carried from chunk to chunk."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

SYMBOLS, STREAMS, CHUNK = 10, 32, 20


def make_streams(length, gen):
    """Second-order source: the next symbol depends on the last two."""
    table = torch.softmax(
        3.0 * torch.randn(SYMBOLS, SYMBOLS, SYMBOLS, generator=gen), dim=-1
    )
    out = torch.zeros(STREAMS, length, dtype=torch.long)
    out[:, :2] = torch.randint(SYMBOLS, (STREAMS, 2), generator=gen)
    for t in range(2, length):
        p = table[out[:, t - 2], out[:, t - 1]]
        out[:, t] = torch.multinomial(p, 1, generator=gen).squeeze(1)
    floor = -(table * table.log()).sum(-1).mean().item()
    return out, floor


class Model(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.embed = nn.Embedding(SYMBOLS, 16)
        self.lstm = nn.LSTM(16, hidden, batch_first=True)
        self.out = nn.Linear(hidden, SYMBOLS)

    def forward(self, x, state):
        h, state = self.lstm(self.embed(x), state)
        return self.out(h), state


def main():
    torch.manual_seed(50)
    gen = torch.Generator().manual_seed(50)
    steps = 500
    stream, floor = make_streams(steps * CHUNK + 1, gen)
    print(f"chance {math.log(SYMBOLS):.3f}, source entropy about {floor:.3f}")

    model = Model()
    opt = torch.optim.Adam(model.parameters(), lr=1e-3)
    state = None
    history = []
    for step in range(steps):
        lo = step * CHUNK
        x = stream[:, lo : lo + CHUNK]
        y = stream[:, lo + 1 : lo + CHUNK + 1]
        logits, state = model(x, state)
        state = tuple(s.detach() for s in state)
        loss = F.cross_entropy(logits.transpose(1, 2), y)
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        history.append(loss.item())
        if step == 0 or (step + 1) % 50 == 0:
            recent = history[-20:]
            print(f"chunk {step + 1:3d} loss {sum(recent) / len(recent):.4f}")


if __name__ == "__main__":
    main()
