# Siamese network on digits with a triplet-free, margin based loss
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(88)
digits = load_digits()
imgs = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 16
lbl = torch.tensor(digits.target)


def draw_pairs(n):
    a = torch.randint(0, len(imgs), (n,))
    b = torch.randint(0, len(imgs), (n,))
    half = n // 2
    for j in range(half):
        pool = torch.nonzero(lbl == lbl[a[j]]).flatten()
        b[j] = pool[torch.randint(0, len(pool), (1,))]
    return imgs[a], imgs[b], (lbl[a] == lbl[b]).float()


class Twin(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 10, 3, padding=1)
        self.fc = nn.Linear(10 * 16, 16)

    def embed(self, img):
        h = F.max_pool2d(F.relu(self.conv(img)), 2)
        return F.normalize(self.fc(h.flatten(1)), dim=1)

    def forward(self, left, right):
        return (self.embed(left) * self.embed(right)).sum(dim=1)


net = Twin()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
log = []
for it in range(1, 301):
    left, right, same = draw_pairs(64)
    cos = net(left, right)
    loss_same = same * (1 - cos) ** 2
    loss_diff = (1 - same) * F.relu(cos - 0.1) ** 2
    loss = (loss_same + loss_diff).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    log.append((loss.item(), ((cos > 0.5).float() == same).float().mean().item()))
    if it % 30 == 0:
        recent = torch.tensor(log[-30:]).mean(0).tolist()
        print("it %3d   loss %.4f   pair accuracy %.3f" % (it, *recent))
