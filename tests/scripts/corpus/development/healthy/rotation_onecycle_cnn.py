import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(13)


class RotatedDigits(Dataset):
    """Predict by which multiple of 90 degrees a digit was turned (pretext task)."""

    def __init__(self, images):
        self.images = torch.tensor(images, dtype=torch.float32) / 8 - 1
        self.turn = torch.arange(len(images)) % 4

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return torch.rot90(self.images[i], int(self.turn[i]))[None], self.turn[i]


def stats(net, dl):
    net.eval()
    c = 0
    with torch.no_grad():
        for a, b in dl:
            c += int((net(a).argmax(1) == b).sum())
    return c / len(dl.dataset)


d = load_digits()
keep = ~((d.target == 0) | (d.target == 8) | (d.target == 1))
pool = d.images[keep]
pool = pool[torch.randperm(len(pool)).numpy()]
tr = DataLoader(RotatedDigits(pool[:1000]), batch_size=25, shuffle=True)
te = DataLoader(RotatedDigits(pool[1000:]), batch_size=100)
net = nn.Sequential(nn.Conv2d(1, 16, 3), nn.ReLU(), nn.Conv2d(16, 24, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                    nn.Dropout(0.3), nn.Linear(96, 4))
EPOCHS = 10
opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-3)
cycle = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=0.08, epochs=EPOCHS, steps_per_epoch=len(tr))
for e in range(EPOCHS):
    net.train()
    run = 0.
    for a, b in tr:
        opt.zero_grad()
        loss = nn.functional.cross_entropy(net(a), b)
        loss.backward()
        opt.step()
        cycle.step()
        run += loss.item()
    print("epoch %d loss %.4f acc %.4f lr %.4f" % (e, run / len(tr), stats(net, te), cycle.get_last_lr()[0]))
