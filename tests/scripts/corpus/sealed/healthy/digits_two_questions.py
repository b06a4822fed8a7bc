"""One trunk, two heads: which digit is it, and how far does its ink's centre of mass lie from the middle?"""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(11)
img, digit = load_digits(return_X_y=True)
img = torch.tensor(img / 16.0, dtype=torch.float32).view(-1, 1, 8, 8)
digit = torch.tensor(digit)
axis = torch.arange(8.0)
mass = img.sum((1, 2, 3))
com = torch.stack([(img.sum((1, 2)) * axis).sum(1) / mass, (img.sum((1, 3)) * axis).sum(1) / mass], 1)
com = (com - com.mean(0)) / com.std(0)
data = TensorDataset((img - 0.305) / 0.376, digit, com)
train, test = random_split(data, [1440, len(data) - 1440])


class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 24, 3, 2, 1), nn.ReLU(), nn.Flatten())
        self.digit = nn.Sequential(nn.Linear(384, 48), nn.ReLU(), nn.Dropout(0.2), nn.Linear(48, 10))
        self.centre = nn.Linear(384, 2)

    def forward(self, x):
        h = self.trunk(x)
        return self.digit(h), self.centre(h)


def losses(model, x, d, c):
    logits, centre = model(x)
    return F.cross_entropy(logits, d), F.mse_loss(centre, c), (logits.argmax(1) == d).float().mean()


model = TwoHeads()
opt = torch.optim.AdamW(model.parameters(), lr=1.5e-3, weight_decay=0.02)
loader = DataLoader(train, batch_size=60, shuffle=True)
held = [torch.stack(col) for col in zip(*test)]
for epoch in range(12):
    model.train()
    for x, d, c in loader:
        ce, mse, _ = losses(model, x, d, c)
        opt.zero_grad()
        (ce + 0.5 * mse).backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        ce_t, mse_t, acc = losses(model, *held)
    print(f"{epoch:2d} last batch ce {ce.item():.3f} mse {mse.item():.3f} | test ce {ce_t:.3f} mse {mse_t:.3f} acc {acc:.3f}")
