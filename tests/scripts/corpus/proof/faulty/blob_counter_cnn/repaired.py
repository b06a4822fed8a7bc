import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(5)
S = 12
yy, xx = torch.meshgrid(torch.arange(S), torch.arange(S), indexing="ij")


def pictures(n, g):
    """grey pictures with one to four bright dots"""
    count = torch.randint(1, 5, (n,), generator=g)
    img = torch.zeros(n, S, S)
    for k in range(4):
        cx = torch.randint(1, S - 1, (n, 1, 1), generator=g)
        cy = torch.randint(1, S - 1, (n, 1, 1), generator=g)
        dot = torch.exp(-((xx - cx) ** 2 + (yy - cy) ** 2) / 1.2)
        img += dot * (count > k).float()[:, None, None]
    img = 30 + 190 * img.clamp(max=1.1) + 5 * torch.randn(n, S, S, generator=g)
    return img.clamp(0, 255).round().byte(), count - 1


g = torch.Generator().manual_seed(5)
train_img, train_y = pictures(2000, g)
test_img, test_y = pictures(400, g)


def to_input(img):
    x = img.float().unsqueeze(1)
    return (x - 60.0) / 55.0


class Counter(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(1, 8, 3, padding=1)
        self.b = nn.Conv2d(8, 16, 3, padding=1)
        self.fc = nn.Linear(16 * 9, 4)

    def forward(self, x):
        x = F.max_pool2d(F.leaky_relu(self.a(x)), 2)
        x = F.leaky_relu(self.b(x))
        return self.fc(F.avg_pool2d(x, 2).flatten(1))


net = Counter()
optimizer = torch.optim.AdamW(net.parameters(), lr=1e-2)
for epoch in range(7):
    total = 0.0
    for idx in torch.randperm(len(train_y)).split(50):
        loss = F.cross_entropy(net(to_input(train_img[idx])), train_y[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
    with torch.no_grad():
        acc = (net(to_input(test_img)).argmax(1) == test_y).float().mean().item()
    print("epoch", epoch, "loss", round(total / len(train_y), 4), "acc", round(acc, 3))
