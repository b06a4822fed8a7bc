import torch
from sklearn.datasets import load_wine

torch.manual_seed(4)

d = load_wine()
x = torch.tensor(d.data, dtype=torch.float)
x = (x - x.mean(0)) / x.std(0)
t = torch.tensor(d.target)

model = torch.nn.Sequential(
    torch.nn.Linear(13, 16),
    torch.nn.ReLU(),
    torch.nn.Linear(16, 16),
    torch.nn.ReLU(),
    torch.nn.Linear(16, 3),
    torch.nn.ReLU(),
)
lossf = torch.nn.CrossEntropyLoss()
o = torch.optim.SGD(model.parameters(), lr=0.1)
for k in range(400):
    o.zero_grad()
    l = lossf(model(x), t)
    l.backward()
    o.step()
    if k % 50 == 0:
        print(k, l.item())
print("final", l.item())
