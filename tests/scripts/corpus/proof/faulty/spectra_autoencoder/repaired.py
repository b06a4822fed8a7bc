import math
import torch
import torch.nn as nn

torch.manual_seed(27)


def spectra(n, m=50):
    t = torch.linspace(0, 1, m)
    out = torch.zeros(n, m)
    for _ in range(3):
        centre, width, height = torch.rand(n, 1), 0.04 + 0.08 * torch.rand(n, 1), 0.4 + torch.rand(n, 1)
        out += height * torch.exp(-((t - centre) / width) ** 2)
    return out + 0.02 * torch.randn(n, m)


class SpectrumAE:
    def __init__(self, m=50, code=10, lr=3e-3, epochs=10, batch=64):
        self.encoder = nn.Sequential(nn.Linear(m, 80), nn.GELU(), nn.Linear(80, code))
        self.decoder = nn.Sequential(nn.Linear(code, 80), nn.GELU(), nn.Linear(80, m))
        self.params = list(self.encoder.parameters()) + list(self.decoder.parameters())
        self.opt = torch.optim.AdamW(self.params, lr=lr, weight_decay=1e-4)
        self.epochs, self.batch = epochs, batch

    def fit(self, X, Xval):
        for epoch in range(self.epochs):
            hist = []
            for b in torch.randperm(len(X)).split(self.batch):
                self.opt.zero_grad()
                rec = self.decoder(self.encoder(X[b]))
                loss = torch.mean((rec - X[b]) ** 2)
                loss.backward()
                self.opt.step()
                hist.append(loss.item())
            print(f"epoch {epoch} train {sum(hist) / len(hist):.4f} val {self.error(Xval):.4f}")

    @torch.no_grad()
    def error(self, X):
        return torch.mean((self.decoder(self.encoder(X)) - X) ** 2).item()


data = spectra(2600)
data = (data - data[:2200].mean(0)) / data[:2200].std(0)
SpectrumAE().fit(data[:2200], data[2200:])
