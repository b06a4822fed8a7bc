# Self-supervised rotation pretext task, then a linear probe on the frozen encoder
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(71)
raw = load_digits()
images = torch.tensor(raw.images, dtype=torch.float32)[:, None] / 16
target = torch.tensor(raw.target)


def rotate(batch):
    k = torch.randint(0, 4, (len(batch),))
    turned = torch.stack([torch.rot90(img, int(r), (1, 2)) for img, r in zip(batch, k)])
    return turned, k


def minibatch(size=64):
    idx = torch.randint(0, len(images), (size,))
    return images[idx], target[idx]


encoder = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1),
    nn.BatchNorm2d(16),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(16, 32, 3, padding=1),
    nn.BatchNorm2d(32),
    nn.ReLU(),
    nn.Flatten(),
)
rotation_head = nn.Linear(512, 4)

print("--- pretext ---")
opt = torch.optim.Adam(list(encoder.parameters()) + list(rotation_head.parameters()), lr=2e-3)
for step in range(120):
    x, _ = minibatch()
    x, k = rotate(x)
    loss = F.cross_entropy(rotation_head(encoder(x)), k)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 30 == 29:
        print(step + 1, "rotation loss", round(loss.item(), 4))

print("--- linear probe ---")
for p in encoder.parameters():
    p.requires_grad = False
encoder.eval()
probe = nn.Linear(512, 10)
opt = torch.optim.SGD(probe.parameters(), lr=0.1)
for step in range(180):
    x, y = minibatch()
    with torch.no_grad():
        feats = encoder(x)
    logits = probe(feats)
    loss = F.cross_entropy(logits, y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 30 == 29:
        acc = (logits.argmax(1) == y).float().mean().item()
        print(step + 1, "probe loss", round(loss.item(), 4), "acc", round(acc, 3))
