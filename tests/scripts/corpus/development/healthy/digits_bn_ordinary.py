import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from sklearn.datasets import load_digits

torch.manual_seed(2)
raw = load_digits()
imgs = torch.from_numpy(raw.images).float()[:, None].sub(4.9).div(6.0)
labs = torch.from_numpy(raw.target)
shuffle = torch.randperm(len(labs))
imgs, labs = imgs[shuffle], labs[shuffle]
train = DataLoader(TensorDataset(imgs[:1440], labs[:1440]), batch_size=45, shuffle=True)
test = (imgs[1440:], labs[1440:])


def cbr(i, o):
    conv = nn.Conv2d(i, o, 3, padding=1, bias=False)
    nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
    return nn.Sequential(conv, nn.BatchNorm2d(o), nn.ReLU(inplace=True))


model = nn.Sequential(cbr(1, 16), cbr(16, 16), nn.MaxPool2d(2), cbr(16, 32), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(128, 10))
optim = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
sched = torch.optim.lr_scheduler.MultiStepLR(optim, milestones=[6, 8], gamma=0.2)
ce = nn.CrossEntropyLoss(label_smoothing=0.05)

for epoch in range(10):
    model.train()
    s = 0.0
    for x, y in train:
        optim.zero_grad()
        loss = ce(model(x), y)
        loss.backward()
        optim.step()
        s += loss.item()
    sched.step()
    model.eval()
    with torch.no_grad():
        acc = (model(test[0]).argmax(-1) == test[1]).float().mean().item()
    print(epoch, "loss", round(s / len(train), 4), "acc", round(acc, 4))
