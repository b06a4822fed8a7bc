"""Predict colour gains that bring the average of a tinted picture back to grey."""

import torch
from torch import nn

# the average a balanced picture should have, one number per channel
REFERENCE = torch.tensor([0.48, 0.46, 0.41])


def tinted_batch(n, gen):
    texture = 0.25 * torch.randn(n, 3, 16, 16, generator=gen)
    scene = REFERENCE.view(1, 3, 1, 1) + texture
    gains = torch.exp(0.4 * torch.randn(n, 3, 1, 1, generator=gen))
    return scene * gains


class GainNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 16, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )
        self.out = nn.Linear(32, 3)
        # log-gain 0: the picture passes unchanged at first
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x):
        log_gain = self.out(self.body(x))
        return x * log_gain.exp()[:, :, None, None]


def balance_loss(corrected):
    per_image = corrected.mean(dim=(2, 3))  # (N, 3)
    return (per_image - REFERENCE).square().mean()


def run(steps=300, batch=32):
    torch.manual_seed(9)
    gen = torch.Generator().manual_seed(9)
    net = GainNet()
    opt = torch.optim.RMSprop(net.parameters(), lr=1e-3)
    sched = torch.optim.lr_scheduler.StepLR(opt, step_size=100, gamma=0.5)
    val = tinted_batch(256, gen)

    for step in range(steps):
        opt.zero_grad()
        loss = balance_loss(net(tinted_batch(batch, gen)))
        loss.backward()
        opt.step()
        sched.step()
        if step % 50 == 0 or step == steps - 1:
            with torch.no_grad():
                v = balance_loss(net(val)).item()
            print(f"{step:4d}  train {loss.item():.5f}  val {v:.5f}")


if __name__ == "__main__":
    run()
