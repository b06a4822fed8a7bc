import math

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, random_split


def textures(n, size=16):
    """Four classes of oriented gratings with noise."""
    g = torch.Generator().manual_seed(77)
    label = torch.randint(4, (n,), generator=g)
    angle = label * math.pi / 4 + 0.25 * torch.randn(n, generator=g)
    freq = 0.6 + 0.5 * torch.rand(n, generator=g)
    phase = 6.28 * torch.rand(n, generator=g)
    yy, xx = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    ramp = xx * torch.cos(angle)[:, None, None] + yy * torch.sin(angle)[:, None, None]
    img = torch.sin(freq[:, None, None] * ramp + phase[:, None, None])
    return (img + 0.7 * torch.randn(n, size, size, generator=g)).unsqueeze(1), label


class PatchNet(nn.Module):
    def __init__(self, ch=(12, 24, 32)):
        super().__init__()
        layers, c_in = [], 1
        for c in ch:
            layers += [nn.Conv2d(c_in, c, 3, padding=1, bias=False), nn.BatchNorm2d(c), nn.ReLU(), nn.MaxPool2d(2)]
            c_in = c
        self.layers = nn.Sequential(*layers)
        self.fc = nn.Sequential(nn.Dropout(0.3), nn.Linear(c_in * 4, 4))

    def forward(self, x):
        return self.fc(self.layers(x).flatten(1))


def run_epoch(model, loader, optimizer=None):
    training = optimizer is not None
    model.train(training)
    loss_sum = hits = count = 0
    with torch.set_grad_enabled(training):
        for x, y in loader:
            logits = model(x)
            loss = nn.functional.cross_entropy(logits, y)
            if training:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            loss_sum += loss.item() * len(y)
            hits += (logits.argmax(1) == y).sum().item()
            count += len(y)
    return loss_sum / count, hits / count


torch.manual_seed(77)
data = TensorDataset(*textures(2400))
train_set, val_set = random_split(data, [1920, 480])
train_loader = DataLoader(train_set, batch_size=48, shuffle=True)
val_loader = DataLoader(val_set, batch_size=96)
model = PatchNet()
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=1e-3)
for epoch in range(8):
    train_loss, train_acc = run_epoch(model, train_loader, optimizer)
    val_loss, val_acc = run_epoch(model, val_loader)
    print(f"epoch {epoch}: train {train_loss:.3f}/{train_acc:.3f}  val {val_loss:.3f}/{val_acc:.3f}")
