import argparse
import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader

ap = argparse.ArgumentParser()
ap.add_argument("--lr", type=float, default=0.002)
ap.add_argument("--epochs", type=int, default=6)
ap.add_argument("--batch", type=int, default=48)
cfg = ap.parse_args()


class Spectrograms(Dataset):
    """12 bands x 16 frames; each of the 5 words is a chirp with its own start and slope."""
    START = torch.tensor([2.0, 9.0, 5.0, 2.0, 9.0])
    SLOPE = torch.tensor([0.45, -0.45, 0.0, 0.1, -0.1])

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.word = torch.randint(0, 5, (n,), generator=g)
        frames, bands = torch.arange(16.0), torch.arange(12.0)
        start = self.START[self.word] + 0.5 * torch.randn(n, generator=g)
        slope = self.SLOPE[self.word] + 0.04 * torch.randn(n, generator=g)
        centre = start[:, None] + slope[:, None] * frames
        spec = 2.5 * torch.exp(-0.5 * (bands[None, :, None] - centre[:, None, :]) ** 2)
        spec = spec + 2.2 * torch.randn(spec.shape, generator=g)
        self.spec = ((spec - spec.mean()) / spec.std()).unsqueeze(1)

    def __len__(self):
        return len(self.word)

    def __getitem__(self, i):
        return self.spec[i], self.word[i]


class KeywordNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 12, 3, padding=1)
        self.conv2 = nn.Conv2d(12, 24, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.fc1 = nn.Linear(24 * 3 * 4, 48)
        self.fc2 = nn.Linear(48, 5)
        self.act = nn.LeakyReLU(0.1)

    def forward(self, x):
        x = self.pool(self.act(self.conv1(x)))
        x = self.pool(self.act(self.conv2(x)))
        return self.fc2(self.act(self.fc1(x.flatten(1))))


torch.manual_seed(1234)
train, valid = Spectrograms(2400, 0), Spectrograms(600, 1)
loader = DataLoader(train, batch_size=cfg.batch, shuffle=True, num_workers=0)
net = KeywordNet()
opt = torch.optim.Adam(net.parameters(), lr=cfg.lr)
for epoch in range(cfg.epochs):
    net.train()
    seen = []
    for xb, yb in loader:
        loss = nn.functional.cross_entropy(net(xb), yb)
        opt.zero_grad()
        loss.backward()
        opt.step()
        seen.append(loss.item())
    net.eval()
    with torch.no_grad():
        acc = (net(valid.spec).argmax(1) == valid.word).float().mean().item()
    print(f"epoch {epoch} mean {sum(seen) / len(seen):.3f} min {min(seen):.3f} max {max(seen):.3f} valid acc {acc:.3f}")
