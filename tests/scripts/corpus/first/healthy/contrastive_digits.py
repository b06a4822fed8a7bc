"""Self-supervised embeddings of digit images (two noisy views, NT-Xent)."""

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from torch import nn


def augment(x):
    """Shift by at most one pixel, scale brightness, add noise, drop some pixels."""
    n = x.shape[0]
    padded = F.pad(x, (1, 1, 1, 1))
    dr = torch.randint(3, (n,))
    dc = torch.randint(3, (n,))
    rows = (dr[:, None] + torch.arange(8)).view(n, 1, 8, 1)
    cols = (dc[:, None] + torch.arange(8)).view(n, 1, 1, 8)
    batch = torch.arange(n).view(n, 1, 1, 1)
    out = padded[batch, 0, rows, cols]
    out = out * (0.8 + 0.4 * torch.rand(n, 1, 1, 1))
    out = out + 0.1 * torch.randn_like(out)
    return out * (torch.rand_like(out) > 0.1)


class Encoder(nn.Module):
    def __init__(self, dim=64):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(512, dim),
        )

    def forward(self, x):
        return self.net(x)


def nt_xent(z1, z2, temperature=0.2):
    n = z1.shape[0]
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    sim = z @ z.T / temperature
    sim = sim.masked_fill(torch.eye(2 * n, dtype=torch.bool), float("-inf"))
    partner = torch.cat([torch.arange(n, 2 * n), torch.arange(n)])
    return F.cross_entropy(sim, partner)


def probe(encoder, x, y, cut):
    encoder.eval()
    with torch.no_grad():
        h = F.relu(encoder(x)).numpy()
    encoder.train()
    clf = LogisticRegression(max_iter=2000).fit(h[:cut], y[:cut])
    return clf.score(h[cut:], y[cut:])


def main():
    torch.manual_seed(14)
    digits = load_digits()
    order = torch.randperm(len(digits.images))
    x = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1)[order] / 16
    y = digits.target[order.numpy()]
    cut = 1300

    encoder = Encoder()
    projector = nn.Sequential(nn.ReLU(), nn.Linear(64, 32))
    opt = torch.optim.AdamW(
        [
            {"params": encoder.parameters(), "lr": 1e-3},
            {"params": projector.parameters(), "lr": 3e-3},
        ],
        weight_decay=1e-4,
    )
    for step in range(300):
        xb = x[torch.randint(cut, (96,))]
        z1 = projector(encoder(augment(xb)))
        z2 = projector(encoder(augment(xb)))
        loss = nt_xent(z1, z2)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 60 == 0 or step == 299:
            print(f"step {step} contrastive loss {loss.item():.4f}")
    print(f"linear probe accuracy {probe(encoder, x, y, cut):.3f}")


if __name__ == "__main__":
    main()
