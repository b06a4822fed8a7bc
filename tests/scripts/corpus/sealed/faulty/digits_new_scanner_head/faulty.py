"""A small backbone learns digits 0-5, then only a new head is trained for 6-9 from another scanner."""
import torch
import torch.nn as nn
from sklearn.datasets import load_digits

torch.manual_seed(14)
raw, target = load_digits(return_X_y=True)
raw = torch.tensor(raw / 16.0, dtype=torch.float32).view(-1, 1, 8, 8)
target = torch.tensor(target)
old = target < 6
x_old, y_old = raw[old] * 2 - 0.6, target[old]
x_new = 1.3 * (raw[~old] * 2 - 0.6) + 0.4 + 0.2 * torch.randn(int((~old).sum()), 1, 8, 8)
y_new = target[~old] - 6
order = torch.randperm(len(y_new))
x_new, y_new = x_new[order], y_new[order]
n_fit = 540
x_fit, y_fit, x_test, y_test = x_new[:n_fit], y_new[:n_fit], x_new[n_fit:], y_new[n_fit:]


def conv_bn(a, b, stride):
    return nn.Sequential(nn.Conv2d(a, b, 3, stride, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU())


class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.backbone = nn.Sequential(conv_bn(1, 16, 1), conv_bn(16, 32, 2), conv_bn(32, 32, 2), nn.Flatten())
        self.head = nn.Sequential(nn.Dropout(0.2), nn.Linear(128, classes))

    def forward(self, x):
        return self.head(self.backbone(x))


def accuracy(net, x, y):
    net.eval()
    with torch.no_grad():
        return (net(x).argmax(1) == y).float().mean().item()


net = Net(classes=6)
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(4):
    net.train()
    for idx in torch.randperm(len(y_old)).split(60):
        loss = nn.functional.cross_entropy(net(x_old[idx]), y_old[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
print(f"backbone: loss {loss.item():.3f} acc {accuracy(net, x_old, y_old):.3f}")

for p in net.backbone.parameters():
    p.requires_grad = False
net.head = nn.Sequential(nn.Dropout(0.2), nn.Linear(128, 4))
opt = torch.optim.Adam(net.head.parameters(), lr=3e-3)
for epoch in range(16):
    net.train()
    total = 0.0
    for idx in torch.randperm(n_fit).split(30):
        loss = nn.functional.cross_entropy(net(x_fit[idx]), y_fit[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(idx)
    if epoch % 3 == 0:
        print(f"head {epoch:2d}: loss {total / n_fit:.3f} new digits {accuracy(net, x_test, y_test):.3f} "
              f"bn mean {net.backbone[0][1].running_mean.mean().item():+.3f}")
