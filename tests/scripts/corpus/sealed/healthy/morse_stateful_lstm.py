import random
import torch
from torch import nn

random.seed(5)
torch.manual_seed(5)
CODE = dict(a=".-", b="-...", c="-.-.", d="-..", e=".", f="..-.", g="--.", h="....")
SYMBOLS = ".- "


def stream(n_words):
    out = []
    for _ in range(n_words):
        for _ in range(random.randint(2, 5)):
            out.append(CODE[random.choice("aabcdeefgh")] + " ")
        out.append(" ")
    return torch.tensor([SYMBOLS.index(c) for c in "".join(out)])


def lanes(ids, n):
    ids = ids[: len(ids) // n * n]
    return ids.view(n, -1)


class MorseLM(nn.Module):
    def __init__(self, hidden=48):
        super().__init__()
        self.emb = nn.Embedding(3, 8)
        self.lstm = nn.LSTM(8, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 3)

    def forward(self, x, state=None):
        h, state = self.lstm(self.emb(x), state)
        return self.out(h), state


def detach(state):
    return tuple(s.detach() for s in state)


train, valid = lanes(stream(6000), 24), lanes(stream(600), 8)
net = MorseLM()
opt = torch.optim.Adam(net.parameters(), lr=4e-3)
ce = nn.CrossEntropyLoss()
BPTT = 20
for epoch in range(3):
    net.train()
    state, losses = None, []
    for s in range(0, train.size(1) - BPTT - 1, BPTT):
        x, y = train[:, s:s + BPTT], train[:, s + 1:s + BPTT + 1]
        logits, state = net(x, state)
        state = detach(state)
        loss = ce(logits.flatten(0, 1), y.flatten())
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        losses.append(loss.item())
    net.eval()
    with torch.no_grad():
        logits, _ = net(valid[:, :-1])
        v = ce(logits.flatten(0, 1), valid[:, 1:].flatten()).item()
    print(f"epoch {epoch} steps {len(losses)} first {losses[0]:.3f} mean {sum(losses) / len(losses):.3f} last50 {sum(losses[-50:]) / 50:.3f} valid {v:.3f}")
