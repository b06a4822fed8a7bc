# Blog post companion: "Predicting house prices from scratch with PyTorch"
import torch
import torch.nn.functional as F

torch.manual_seed(0)

# area (sq ft), bedrooms, age (years), distance to centre (km)
n_houses = 1000
area = 600 + 2400 * torch.rand(n_houses)
bedrooms = torch.randint(1, 6, (n_houses,)).float()
age = 80 * torch.rand(n_houses)
distance = 25 * torch.rand(n_houses)
features = torch.stack([area, bedrooms, age, distance], dim=1)

# price in units of 100k
price = 0.0012 * area + 0.15 * bedrooms - 0.008 * age - 0.05 * distance + 1.0
price = price + 0.15 * torch.randn(n_houses)

weights = torch.zeros(4, requires_grad=True)
bias = torch.zeros(1, requires_grad=True)
optimizer = torch.optim.SGD([weights, bias], lr=0.02)


def predict(x):
    return x @ weights + bias


for step in range(300):
    rows = torch.randint(0, n_houses, (50,))
    loss = F.mse_loss(predict(features[rows]), price[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 30 == 0 or step == 299:
        print("step", step, "mse", round(loss.item(), 4))

print("price variance:", price.var().item())
