import torch
import torch.nn as nn
from sklearn.datasets import load_wine
from sklearn.preprocessing import StandardScaler

config = dict(sizes=[13, 16, 3], lr=1e-2, updates=250, seed=8)


def build_mlp(sizes):
    layers = []
    for fan_in, fan_out in zip(sizes[:-1], sizes[1:]):
        layers.append(nn.Linear(fan_in, fan_out))
        layers.append(nn.ReLU())
    return nn.Sequential(*layers[:-1])


def accuracy(logits, y):
    return (logits.argmax(dim=1) == y).float().mean().item()


torch.manual_seed(config["seed"])
wine = load_wine()
x = torch.tensor(StandardScaler().fit_transform(wine.data), dtype=torch.float32)
y = torch.tensor(wine.target)

model = build_mlp(config["sizes"])
print(model)
loss_fn = nn.CrossEntropyLoss()
opt = torch.optim.SGD(model.parameters(), lr=config["lr"], momentum=0.8)

for update in range(config["updates"]):
    batch = torch.randperm(len(x))[:48]
    logits = model(x[batch])
    loss = loss_fn(logits, y[batch])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if (update + 1) % 25 == 0:
        print(
            "update %4d  loss %.4f  acc %.3f"
            % (update + 1, loss.item(), accuracy(logits, y[batch]))
        )
