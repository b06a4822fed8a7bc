import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn


def conv_block(c_in, c_out, stride):
    return nn.Sequential(nn.Conv2d(c_in, c_out, 3, stride=stride, padding=1), nn.ReLU())


def get_encoder():
    return nn.Sequential(conv_block(1, 16, 2), conv_block(16, 24, 2))


def get_decoder():
    return nn.Sequential(
        nn.ConvTranspose2d(24, 16, 2, stride=2),
        nn.ReLU(),
        nn.ConvTranspose2d(16, 1, 2, stride=2),
        nn.Sigmoid(),
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--noise", type=float, default=0.2)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--lr", type=float, default=5e-3)
    args = parser.parse_args()

    torch.manual_seed(9)
    images = torch.tensor(load_digits().images / 16.0, dtype=torch.float32).unsqueeze(1)
    encoder, decoder = get_encoder(), get_decoder()
    optimizer = torch.optim.Adam(encoder.parameters(), lr=args.lr)
    bce = nn.BCELoss()

    for epoch in range(args.epochs):
        shuffled = images[torch.randperm(len(images))]
        total, batches = 0.0, 0
        for clean in shuffled.split(args.batch):
            noisy = clean + args.noise * torch.randn_like(clean)
            restored = decoder(encoder(noisy))
            loss = bce(restored, clean)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
            batches += 1
        print(f"epoch {epoch + 1:>2}/{args.epochs}  bce {total / batches:.4f}")


if __name__ == "__main__":
    main()
