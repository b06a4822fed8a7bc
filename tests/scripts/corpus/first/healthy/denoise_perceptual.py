"""Denoising autoencoder for digit images with a pixel loss and a feature loss."""

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn


class FeatureNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1, stride=2)
        self.fc = nn.Linear(32 * 16, 10)

    def features(self, x):
        low = F.relu(self.conv1(x))
        high = F.relu(self.conv2(low))
        return low, high

    def forward(self, x):
        return self.fc(self.features(x)[1].flatten(1))


class Denoiser(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            nn.ReLU(),
        )
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(32, 16, 2, stride=2),
            nn.ReLU(),
            nn.Conv2d(16, 1, 3, padding=1),
            nn.Sigmoid(),
        )

    def forward(self, x):
        return self.decoder(self.encoder(x))


def fit_feature_net(x, y):
    net = FeatureNet()
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)
    for step in range(200):
        idx = torch.randint(len(x), (64,))
        loss = F.cross_entropy(net(x[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step in (0, 199):
            print(f"feature net step {step} loss {loss.item():.4f}")
    return net


def perceptual(net, out, clean):
    with torch.no_grad():
        wanted = net.features(clean)
    got = net.features(out)
    return sum(F.l1_loss(g, w) for g, w in zip(got, wanted))


def main():
    torch.manual_seed(12)
    digits = load_digits()
    x = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 16
    y = torch.tensor(digits.target)
    order = torch.randperm(len(x))
    x, y = x[order], y[order]
    train_x, val_x = x[:1500], x[1500:]
    val_noisy = val_x + 0.3 * torch.randn_like(val_x)

    critic = fit_feature_net(train_x, y[:1500])
    critic.eval()
    for p in critic.parameters():
        p.requires_grad = False

    model = Denoiser()
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=400)
    for step in range(400):
        model.train()
        clean = train_x[torch.randint(len(train_x), (64,))]
        noisy = clean + 0.3 * torch.randn_like(clean)
        out = model(noisy)
        pixel = F.mse_loss(out, clean)
        feature = perceptual(critic, out, clean)
        loss = pixel + 0.2 * feature
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        if step % 80 == 0 or step == 399:
            model.eval()
            with torch.no_grad():
                val = F.mse_loss(model(val_noisy), val_x).item()
            print(f"step {step} loss {loss.item():.4f} val mse {val:.4f}")


if __name__ == "__main__":
    main()
