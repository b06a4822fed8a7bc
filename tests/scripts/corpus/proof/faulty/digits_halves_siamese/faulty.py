import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import Dataset, DataLoader


class HalfPairs(Dataset):
    """left and right half of digit pictures; 1 if they belong to the same picture class"""

    def __init__(self, images, target, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.same = torch.rand(n, generator=g) < 0.5
        self.i = torch.randint(0, len(images), (n,), generator=g)
        self.j = torch.randint(0, len(images), (n,), generator=g)
        for k in range(n):
            while bool(target[self.i[k]] == target[self.j[k]]) != bool(self.same[k]):
                self.j[k] = torch.randint(0, len(images), (), generator=g)
        self.images = images

    def __len__(self):
        return len(self.same)

    def __getitem__(self, k):
        left = self.images[self.i[k], :, :5].flatten()
        right = self.images[self.j[k], :, 3:].flatten()
        return left, right, self.same[k].float()


torch.manual_seed(31)
d = load_digits()
images = torch.tensor(d.images, dtype=torch.float32) / 8 - 1
target = torch.tensor(d.target)
train = DataLoader(HalfPairs(images[:1300], target[:1300], 2400, 1), batch_size=40, shuffle=True)
valid = DataLoader(HalfPairs(images[1300:], target[1300:], 500, 2), batch_size=250)


def mlp():
    return nn.Sequential(nn.Linear(40, 64), nn.ReLU(), nn.Linear(64, 16))


net = nn.ModuleDict({"left": mlp(), "right": mlp()})
scale = nn.Parameter(torch.tensor(4.0))
opt = torch.optim.Adam([*net.parameters(), scale], lr=3e-3)


def logit(a, b):
    za, zb = F.normalize(net["left"](a), dim=1), F.normalize(net["right"](b), dim=1)
    return scale * (za * zb).sum(1)


for epoch in range(6):
    net.train()
    losses = []
    opt.zero_grad()
    for a, b, s in train:
        loss = F.binary_cross_entropy_with_logits(logit(a, b), s)
        loss.backward()
        opt.step()
        losses.append(loss.item())
    net.eval()
    with torch.no_grad():
        acc = torch.cat([(logit(a, b) > 0) == (s > 0.5) for a, b, s in valid]).float().mean()
    print(f"epoch {epoch} loss {sum(losses) / len(losses):.4f} val acc {acc.item():.3f}")
