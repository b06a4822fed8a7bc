import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(501)
d = load_digits()
imgs = torch.tensor(d.images, dtype=torch.float32).unsqueeze(1)
imgs = (imgs - imgs.mean()) / imgs.std()
labels = torch.tensor(d.target)
imgs = imgs[torch.randperm(len(imgs), generator=torch.Generator().manual_seed(1))]
labels = labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(2))]
train = DataLoader(TensorDataset(imgs[:1500], labels[:1500]), batch_size=50, shuffle=True)
xv, yv = imgs[1500:], labels[1500:]


class LeNetish(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c2 = nn.Conv2d(1, 8, 3, padding=1), nn.Conv2d(8, 16, 3, padding=1)
        self.fc = nn.Linear(16 * 4, 10)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x):
        x = self.pool(torch.relu(self.c1(x)))
        x = self.pool(torch.relu(self.c2(x)))
        return self.fc(x.flatten(1))


net = LeNetish()
opt = torch.optim.SGD(net.parameters(), lr=0.03, momentum=0.9, weight_decay=5e-4)
ce = nn.CrossEntropyLoss()
for epoch in range(8):
    net.train()
    tot = 0.0
    for x, y in train:
        opt.zero_grad()
        loss = ce(net(x), y)
        loss.backward()
        opt.step()
        tot += loss.item()
    net.eval()
    with torch.no_grad():
        out = net(xv)
        print(f"epoch {epoch} train {tot / len(train):.4f} val {ce(out, yv).item():.4f} acc {(out.argmax(1) == yv).float().mean().item():.3f}")
