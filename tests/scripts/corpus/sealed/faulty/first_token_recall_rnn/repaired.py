import torch
from torch import nn

T, CUES, NOISE = 40, 6, 8


def batch(n, g):
    """The first two inputs hold a cue, the rest are distractors; the cue is asked for at the end."""
    cue = torch.randint(0, CUES, (n,), generator=g)
    x = torch.zeros(n, T, CUES + NOISE)
    x[:, 0, :CUES] = nn.functional.one_hot(cue, CUES).float() * 2
    x[:, 1, :CUES] = nn.functional.one_hot(cue, CUES).float() * 2
    x[:, 2:, CUES:] = 0.5 * torch.randn(n, T - 2, NOISE, generator=g)
    return x, cue


class CueRNN(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.rnn = nn.RNN(CUES + NOISE, hidden, batch_first=True)
        self.head = nn.Linear(hidden, CUES)
        nn.init.orthogonal_(self.rnn.weight_hh_l0)
        nn.init.zeros_(self.rnn.bias_hh_l0)
        nn.init.zeros_(self.rnn.bias_ih_l0)

    def forward(self, x):
        _, h = self.rnn(x)
        return self.head(h[-1])


def train(steps=500, lr=1e-3):
    torch.manual_seed(6)
    g = torch.Generator().manual_seed(6)
    net = CueRNN()
    opt = torch.optim.Adam(net.parameters(), lr=lr)
    vx, vy = batch(500, g)
    for s in range(1, steps + 1):
        x, y = batch(64, g)
        loss = nn.functional.cross_entropy(net(x), y)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        if s % 100 == 0:
            with torch.no_grad():
                acc = (net(vx).argmax(1) == vy).float().mean().item()
            print(f"{s:4d} loss {loss.item():.3f} recall {acc:.3f}")


if __name__ == "__main__":
    train()
