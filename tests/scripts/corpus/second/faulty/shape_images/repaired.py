#!/usr/bin/env python
# coding: utf-8

# In[1]:
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(3)


# In[2]:
# Four kinds of 16x16 grey-scale pictures: horizontal bar, vertical bar, cross, box
def draw(kind, size=16):
    img = torch.randint(0, 60, (size, size))
    r = int(torch.randint(4, 12, (1,)))
    c = int(torch.randint(4, 12, (1,)))
    ink = int(torch.randint(150, 250, (1,)))
    if kind in (0, 2):
        img[r, c - 4 : c + 4] = ink
    if kind in (1, 2):
        img[r - 4 : r + 4, c] = ink
    if kind == 3:
        img[r - 3 : r + 3, c - 3 : c + 3] = ink
    return img.to(torch.uint8)


labels = torch.arange(1600) % 4
images = torch.stack([draw(int(k)) for k in labels])
print(images.shape, images.dtype, images.min().item(), images.max().item())


# In[3]:
# scale pixels to the unit interval
images = (images / 255).float().unsqueeze(1)


# In[4]:
class ShapeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 8, 3, padding=1)
        self.c2 = nn.Conv2d(8, 16, 3, padding=1)
        self.out = nn.Linear(16 * 16, 4)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.c1(x)), 2)
        x = F.max_pool2d(F.relu(self.c2(x)), 2)
        return self.out(x.flatten(1))


net = ShapeNet()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)


# In[5]:
history = []
for it in range(300):
    pick = torch.randint(0, len(images), (64,))
    loss = F.cross_entropy(net(images[pick]), labels[pick])
    opt.zero_grad()
    loss.backward()
    opt.step()
    history.append(loss.item())
    if (it + 1) % 50 == 0:
        print(it + 1, sum(history[-50:]) / 50)


# In[6]:
with torch.no_grad():
    print("accuracy", (net(images).argmax(1) == labels).float().mean().item())
