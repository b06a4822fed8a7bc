"""Toy segmentation: find the bright blobs in noisy 20x20 pictures."""

import torch
import torch.nn as nn


def make_batch(n, gen, size=20):
    grid = torch.arange(size).float()
    yy, xx = torch.meshgrid(grid, grid, indexing="ij")
    mask = torch.zeros(n, size, size)
    for _ in range(2):
        cy = torch.rand(n, 1, 1, generator=gen) * (size - 6) + 3
        cx = torch.rand(n, 1, 1, generator=gen) * (size - 6) + 3
        rad = torch.rand(n, 1, 1, generator=gen) * 2 + 2
        inside = (yy - cy) ** 2 + (xx - cx) ** 2 < rad**2
        mask = torch.maximum(mask, inside.float())
    image = mask + 0.6 * torch.randn(n, size, size, generator=gen)
    return image.unsqueeze(1), mask.unsqueeze(1)


class ConvBlock(nn.Module):
    def __init__(self, cin, cout):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, 3, padding=1)
        self.norm = nn.BatchNorm2d(cout)
        self.act = nn.Softplus()

    def forward(self, x):
        return self.act(self.norm(self.conv(x)))


class TinyUNet(nn.Module):
    def __init__(self, ch=8):
        super().__init__()
        self.enc1 = ConvBlock(1, ch)
        self.enc2 = ConvBlock(ch, 2 * ch)
        self.dec = ConvBlock(3 * ch, ch)
        self.out = nn.Conv2d(ch, 1, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.up = nn.Upsample(scale_factor=2, mode="nearest")

    def forward(self, x):
        e1 = self.enc1(x)
        e2 = self.enc2(self.pool(e1))
        d = self.dec(torch.cat([e1, self.up(e2)], dim=1))
        return self.out(d)


def dice(logits, mask):
    pred = (logits > 0).float()
    return (2 * (pred * mask).sum() / (pred.sum() + mask.sum() + 1e-6)).item()


def main(iterations=200, batch=16, lr=1e-2, seed=8):
    torch.manual_seed(seed)
    gen = torch.Generator().manual_seed(seed)
    net = TinyUNet()
    optimiser = torch.optim.Adam(net.parameters(), lr=lr)
    criterion = nn.BCEWithLogitsLoss()
    for it in range(iterations):
        image, mask = make_batch(batch, gen)
        logits = net(image)
        loss = criterion(logits, mask)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if it % 20 == 19:
            print(f"iter {it + 1}: bce {loss.item():.4f} dice {dice(logits, mask):.3f}")


main()
