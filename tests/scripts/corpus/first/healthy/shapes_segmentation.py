"""Per-pixel labelling of noisy pictures, in bfloat16, with averaged weights."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

SIZE, CLASSES = 24, 3


def scenes(n, gen):
    yy, xx = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij")
    masks = torch.zeros(n, SIZE, SIZE, dtype=torch.long)
    centre = torch.randint(5, SIZE - 5, (n, 4), generator=gen)
    for i in range(n):
        r, c, r2, c2 = centre[i].tolist()
        masks[i][((yy - r).abs() < 4) & ((xx - c).abs() < 4)] = 1
        masks[i][(yy - r2) ** 2 + (xx - c2) ** 2 < 14] = 2
    level = torch.tensor([0.0, 0.5, 1.0])[masks]
    images = level.unsqueeze(1) + 0.25 * torch.randn(n, 1, SIZE, SIZE, generator=gen)
    return images, masks


class SmallUNet(nn.Module):
    def __init__(self, ch=12):
        super().__init__()
        self.down1 = self.block(1, ch)
        self.down2 = self.block(ch, 2 * ch)
        self.up = nn.ConvTranspose2d(2 * ch, ch, 2, stride=2)
        self.merge = self.block(2 * ch, ch)
        self.out = nn.Conv2d(ch, CLASSES, 1)

    @staticmethod
    def block(i, o):
        return nn.Sequential(
            nn.Conv2d(i, o, 3, padding=1), nn.GroupNorm(4, o), nn.ReLU(inplace=True)
        )

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(F.max_pool2d(a, 2))
        return self.out(self.merge(torch.cat([a, self.up(b)], dim=1)))


class Average:
    def __init__(self, model, decay=0.97):
        self.shadow = copy.deepcopy(model).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, model):
        for s, p in zip(self.shadow.parameters(), model.parameters()):
            s.lerp_(p, 1 - self.decay)


def mean_iou(logits, masks):
    guess = logits.argmax(1)
    scores = []
    for c in range(CLASSES):
        inter = ((guess == c) & (masks == c)).sum()
        union = ((guess == c) | (masks == c)).sum()
        scores.append((inter / union.clamp_min(1)).item())
    return sum(scores) / CLASSES


def main():
    torch.manual_seed(6)
    gen = torch.Generator().manual_seed(6)
    images, masks = scenes(400, gen)
    val_images, val_masks = scenes(60, gen)
    share = torch.bincount(masks.flatten(), minlength=CLASSES) / masks.numel()
    weight = (1 / share).sqrt()
    weight = weight / weight.sum() * CLASSES

    model = SmallUNet()
    average = Average(model)
    opt = torch.optim.Adam(model.parameters(), lr=4e-3)
    for step in range(240):
        idx = torch.randint(len(images), (16,), generator=gen)
        opt.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = model(images[idx])
        loss = F.cross_entropy(logits.float(), masks[idx], weight=weight)
        loss.backward()
        opt.step()
        average.update(model)
        if step % 40 == 0 or step == 239:
            with torch.no_grad():
                iou = mean_iou(average.shadow(val_images), val_masks)
            print(f"step {step} loss {loss.item():.4f} averaged-model iou {iou:.3f}")


if __name__ == "__main__":
    main()
