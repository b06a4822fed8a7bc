import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(12)
WAYS, SHOTS, QUERIES = 5, 3, 8


class Encoder(nn.Module):
    def __init__(self, n_in=30, dim=16):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(n_in, 64), nn.LayerNorm(64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, dim))

    def forward(self, x):
        return self.net(x)


class Universe:
    """Each class is a point on a hidden 6-d latent; nuisance directions are much stronger than class directions."""
    def __init__(self, n_in=30, latent=6):
        self.signal = torch.randn(latent, n_in) / latent ** 0.5
        self.nuisance = torch.randn(8, n_in) / 8 ** 0.5

    def episode(self):
        centre = torch.randn(WAYS, 1, 6)
        z = centre + 0.25 * torch.randn(WAYS, SHOTS + QUERIES, 6)
        x = torch.tanh(z) @ self.signal * 1.3 + 1.5 * torch.randn(WAYS, SHOTS + QUERIES, 8) @ self.nuisance
        x = x / 1.7
        return x[:, :SHOTS], x[:, SHOTS:].flatten(0, 1), torch.arange(WAYS).repeat_interleave(QUERIES)


def episode_logits(enc, support, query):
    proto = enc(support.flatten(0, 1)).view(WAYS, SHOTS, -1).mean(1)
    return -torch.cdist(enc(query), proto).pow(2) / 4


world, enc = Universe(), Encoder()
opt = torch.optim.Adam(enc.parameters(), lr=2e-3)
test = [world.episode() for _ in range(100)]
run = None
for step in range(1, 601):
    support, query, label = world.episode()
    loss = F.cross_entropy(episode_logits(enc, support, query), label)
    opt.zero_grad()
    loss.backward()
    opt.step()
    run = loss.item() if run is None else 0.95 * run + 0.05 * loss.item()
    if step % 100 == 0:
        enc.eval()
        with torch.no_grad():
            acc = sum((episode_logits(enc, s, q).argmax(1) == l).float().mean().item() for s, q, l in test) / len(test)
        enc.train()
        print(f"episode {step} running loss {run:.3f} test-episode accuracy {acc:.3f}")
