"""Truncated BPTT over long streams with carried state."""
import torch
from torch import nn

torch.manual_seed(18)
STREAMS, CHUNK, SYMBOLS = 24, 20, 6


def make_streams(length):
    """a second order Markov source, one row per stream"""
    g = torch.Generator().manual_seed(18)
    table = torch.softmax(3.0 * torch.randn(SYMBOLS, SYMBOLS, SYMBOLS, generator=g), -1)
    s = torch.randint(0, SYMBOLS, (STREAMS, 2), generator=g)
    cols = [s[:, 0], s[:, 1]]
    for _ in range(length - 2):
        cols.append(torch.multinomial(table[cols[-2], cols[-1]], 1, generator=g).squeeze(1))
    return torch.stack(cols, 1)


class StreamModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(SYMBOLS, 16)
        self.lstm = nn.LSTM(16, 64, batch_first=True)
        self.out = nn.Linear(64, SYMBOLS)

    def forward(self, x, state=None):
        h, state = self.lstm(self.emb(x), state)
        return self.out(h), state


data = make_streams(CHUNK * 100 + 1)
train, valid = data[:, :CHUNK * 85 + 1], data[:, CHUNK * 85:]
model = StreamModel()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
ce = nn.CrossEntropyLoss()

for epoch in range(4):
    model.train()
    state, losses = None, []
    for k in range(0, train.size(1) - 1, CHUNK):
        x, y = train[:, k:k + CHUNK], train[:, k + 1:k + CHUNK + 1]
        if state is not None:
            state = tuple(s.detach() for s in state)
        logits, state = model(x, state)
        loss = ce(logits.reshape(-1, SYMBOLS), y.reshape(-1))
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        losses.append(loss.item())
    model.eval()
    with torch.no_grad():
        logits, _ = model(valid[:, :-1])
        v = ce(logits.reshape(-1, SYMBOLS), valid[:, 1:].reshape(-1)).item()
    print(f'epoch {epoch} train {sum(losses) / len(losses):.4f} valid {v:.4f}')
