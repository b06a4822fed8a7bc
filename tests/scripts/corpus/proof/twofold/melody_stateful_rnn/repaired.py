import torch
import torch.nn as nn

torch.manual_seed(26)
NOTES, SEG, B = 10, 16, 32
follow = torch.randint(0, NOTES, (NOTES, NOTES))


def song(n, length):
    s = torch.randint(0, NOTES, (n, 2))
    seq = [s[:, 0], s[:, 1]]
    for _ in range(length - 2):
        nxt = follow[seq[-2], seq[-1]]
        rnd = torch.randint(0, NOTES, (n,))
        seq.append(torch.where(torch.rand(n) < 0.15, rnd, nxt))
    return torch.stack(seq, 1)


class Melody(nn.Module):
    def __init__(self, e=4, h=48):
        super().__init__()
        self.notes = nn.Embedding(NOTES, e)
        self.inp = nn.Linear(2 * e, h)
        self.rec = nn.Linear(h, h, bias=False)
        self.mid = nn.Linear(h, h)
        self.out = nn.Linear(h, NOTES)
        nn.init.orthogonal_(self.rec.weight, gain=0.5)

    def forward(self, x, state, prev):
        e = self.notes(torch.cat([prev, x], 1))
        steps = []
        for t in range(x.shape[1]):
            state = self.rec(state) + self.inp(torch.cat([e[:, t], e[:, t + 1]], 1))
            steps.append(state)
        h = torch.relu(self.mid(torch.stack(steps, 1)))
        return self.out(h), state


net = Melody()
params = list(net.parameters())
opt = torch.optim.Adam(params, lr=6e-3)
for rnd in range(40):
    tune = song(B, SEG * 8 + 2)
    state = torch.zeros(B, 48)
    prev = tune[:, :1]
    hist = []
    for k in range(8):
        x = tune[:, 1 + k * SEG: 1 + (k + 1) * SEG]
        y = tune[:, 2 + k * SEG: 2 + (k + 1) * SEG]
        logits, state = net(x, state, prev)
        state = state.detach()
        prev = x[:, -1:]
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), y.flatten())
        opt.zero_grad()
        loss.backward()
        opt.step()
        hist.append(loss.item())
    if rnd % 5 == 4:
        print(f"song {rnd + 1} loss {sum(hist) / 8:.4f}")
