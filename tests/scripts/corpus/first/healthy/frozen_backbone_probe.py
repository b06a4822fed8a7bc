"""Learn shape features on one labelling, then train only a new head on another."""

import argparse

import torch
from torch import nn

SIZE = 12


def make_images(n, gen):
    """Bars (horizontal, vertical) and crosses, at random places, with noise."""
    kind = torch.randint(3, (n,), generator=gen)
    row = torch.randint(2, SIZE - 2, (n,), generator=gen)
    col = torch.randint(2, SIZE - 2, (n,), generator=gen)
    images = 0.6 * torch.randn(n, 1, SIZE, SIZE, generator=gen)
    for i in range(n):
        r, c = row[i].item(), col[i].item()
        if kind[i] != 1:
            images[i, 0, r, c - 2 : c + 3] += 1.0
        if kind[i] != 0:
            images[i, 0, r - 2 : r + 3, c] += 1.0
    return images, kind


def build_backbone():
    return nn.Sequential(
        nn.Conv2d(1, 12, 3, padding=1, bias=False),
        nn.BatchNorm2d(12),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(12, 24, 3, padding=1, bias=False),
        nn.BatchNorm2d(24),
        nn.ReLU(),
        nn.AdaptiveMaxPool2d(1),
        nn.Flatten(),
        nn.Linear(24, 24),
        nn.Tanh(),
    )


def parse_args():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pretrain-steps", type=int, default=150)
    parser.add_argument("--head-steps", type=int, default=300)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--seed", type=int, default=2)
    return parser.parse_args()


def main():
    args = parse_args()
    torch.manual_seed(args.seed)
    gen = torch.Generator().manual_seed(args.seed)
    images, kind = make_images(2000, gen)
    test_images, test_kind = make_images(500, gen)
    loss_fn = nn.CrossEntropyLoss()

    backbone = build_backbone()
    first_head = nn.Linear(24, 3)
    params = list(backbone.parameters()) + list(first_head.parameters())
    opt = torch.optim.Adam(params, lr=2e-3)
    for step in range(args.pretrain_steps):
        idx = torch.randint(len(images), (args.batch_size,), generator=gen)
        loss = loss_fn(first_head(backbone(images[idx])), kind[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step in (0, args.pretrain_steps - 1):
            print(f"pretrain step {step} loss {loss.item():.4f}")

    # new question: does the picture hold a cross?
    labels, test_labels = (kind == 2).long(), (test_kind == 2).long()
    backbone.requires_grad_(False)
    backbone.eval()
    head = nn.Linear(24, 2)
    opt = torch.optim.SGD(head.parameters(), lr=0.05)
    for step in range(args.head_steps):
        idx = torch.randint(len(images), (args.batch_size,), generator=gen)
        loss = loss_fn(head(backbone(images[idx])), labels[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 50 == 0 or step == args.head_steps - 1:
            print(f"head step {step} loss {loss.item():.4f}")

    head.eval()
    with torch.no_grad():
        hit = head(backbone(test_images)).argmax(1) == test_labels
    print(f"test accuracy {hit.float().mean().item():.3f}")


if __name__ == "__main__":
    main()
