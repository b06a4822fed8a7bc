import torch
from torch import nn, optim


def synth_songs(n):
    """Sequences of 20 frames x 6 'timbre' features whose statistics drift with the release year."""
    year = 1990 + 11 * torch.randn(n)
    z = ((year - 1990) / 11)[:, None]
    t = torch.linspace(0, 6.28, 20)
    base = torch.sin(t[None] * (1.5 + 0.4 * z))
    frames = torch.stack([base, base * z, torch.cos(t)[None] + 0.5 * z, 0.7 * z.expand(n, 20),
                          torch.zeros(n, 20), torch.sin(t[None] - z)], dim=2)
    return frames + 0.6 * torch.randn_like(frames), year


class YearModel(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.rnn = nn.GRU(6, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x):
        _, h = self.rnn(x)
        return self.fc(h[-1])[:, 0]


class Fitter:
    def __init__(self, model, lr):
        self.model = model
        self.opt = optim.RMSprop(model.parameters(), lr=lr)
        self.loss = nn.SmoothL1Loss()

    def fit(self, x, y, xv, yv, epochs, bs=50):
        shift, scale = 0.0, 1.0
        y = (y - shift) / scale
        for e in range(epochs):
            self.model.train()
            acc = 0.0
            order = torch.randperm(len(x))
            for b in order.split(bs):
                self.opt.zero_grad()
                loss = self.loss(self.model(x[b]), y[b])
                loss.backward()
                self.opt.step()
                acc += loss.item() * len(b)
            self.model.eval()
            with torch.no_grad():
                err = (self.model(xv) * scale + shift - yv).abs().mean().item()
            print("epoch", e, "loss", round(acc / len(x), 4), "mean abs error (years)", round(err, 2))


torch.manual_seed(8)
x, y = synth_songs(2500)
Fitter(YearModel(), 2e-3).fit(x[:2000], y[:2000], x[2000:], y[2000:], epochs=9)
