"""Species model on leaf spectra, reused for a disease label: the backbone is frozen and stays in eval mode."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(1)
rng = np.random.default_rng(1)
BANDS = 40
axis = np.linspace(0, 1, BANDS)


def spectra(n):
    species = rng.integers(0, 4, n)
    ill = rng.integers(0, 2, n)
    centre = np.array([0.25, 0.4, 0.55, 0.7])[species] + 0.03 * rng.standard_normal(n)
    x = np.exp(-((axis - centre[:, None]) / 0.12) ** 2)
    x += (0.5 * ill[:, None]) * np.exp(-((axis - centre[:, None] - 0.2) / 0.05) ** 2)
    x += 0.2 * rng.standard_normal(x.shape)
    return torch.tensor((x - 0.25) / 0.4, dtype=torch.float32).unsqueeze(1), torch.tensor(species), torch.tensor(ill)


class Transfer(nn.Module):
    def __init__(self, backbone, classes):
        super().__init__()
        self.backbone = backbone
        for p in self.backbone.parameters():
            p.requires_grad_(False)
        self.head = nn.Sequential(nn.Linear(24 * 10, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, classes))

    def train(self, mode=True):
        super().train(mode)
        self.backbone.eval()
        return self

    def forward(self, x):
        with torch.no_grad():
            h = self.backbone(x)
        return self.head(h)


def loop(model, params, x, y, xv, yv, epochs, lr, tag):
    opt = torch.optim.Adam(params, lr=lr)
    for epoch in range(epochs):
        model.train()
        total = 0.0
        for idx in torch.randperm(len(y)).split(50):
            loss = F.cross_entropy(model(x[idx]), y[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(idx)
        model.eval()
        with torch.no_grad():
            acc = (model(xv).argmax(1) == yv).float().mean().item()
        print(f"{tag} {epoch}: loss {total / len(y):.3f} acc {acc:.3f}")


backbone = nn.Sequential(
    nn.Conv1d(1, 16, 5, padding=2, bias=False), nn.BatchNorm1d(16), nn.ReLU(), nn.MaxPool1d(2),
    nn.Conv1d(16, 24, 5, padding=2, bias=False), nn.BatchNorm1d(24), nn.ReLU(), nn.MaxPool1d(2), nn.Flatten(),
)
x, species, _ = spectra(1000)
xv, sv, _ = spectra(300)
first = nn.Sequential(backbone, nn.Linear(240, 4))
loop(first, first.parameters(), x, species, xv, sv, 4, 1e-3, "species")
x, _, ill = spectra(1600)
xv, _, iv = spectra(400)
model = Transfer(backbone, 2)
loop(model, model.head.parameters(), x, ill, xv, iv, 10, 2e-3, "disease")
