# how deep can we go on the 8x8 digits?  (course project)
import math
import torch
from torch import nn
from sklearn.datasets import load_digits

torch.manual_seed(1234)
digits = load_digits()
images = torch.tensor(digits.images, dtype=torch.float32).flatten(1)
images = (images - images.mean()) / images.std()
targets = torch.tensor(digits.target)
p = torch.randperm(images.shape[0])
images, targets = images[p], targets[p]

DEPTH = 10
WIDTH = 64
activation = nn.Sigmoid

layers = []
for k in range(DEPTH):
    lin = nn.Linear(64 if k == 0 else WIDTH, WIDTH)
    nn.init.kaiming_normal_(lin.weight, nonlinearity='relu')
    nn.init.zeros_(lin.bias)
    layers.append(lin)
    layers.append(activation())
layers.append(nn.Linear(WIDTH, 10))
model = nn.Sequential(*layers)

loss_function = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=12)

train_n = 1440
for epoch in range(12):
    perm = torch.randperm(train_n)
    for start in range(0, train_n, 48):
        rows = perm[start:start + 48]
        output = model(images[rows])
        loss = loss_function(output, targets[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    scheduler.step()
    with torch.no_grad():
        guess = model(images[train_n:]).argmax(1)
        acc = (guess == targets[train_n:]).float().mean()
    print('epoch', epoch, 'loss', loss.item(), 'val acc', acc.item())
