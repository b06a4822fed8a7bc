"""Fit a small network to scattered measurements with L-BFGS (full batch)."""
import numpy as np
import torch

torch.manual_seed(2)
torch.set_default_dtype(torch.float64)
rng = np.random.default_rng(2)

pts = rng.uniform(-1, 1, size=(600, 2))
val = np.exp(-2 * (pts ** 2).sum(1)) + 0.5 * pts[:, 0] * pts[:, 1] + 0.02 * rng.normal(size=600)
val = (val - val.mean()) / val.std()
pts = pts / pts.std(0)
x, y = torch.from_numpy(pts[:450]), torch.from_numpy(val[:450]).unsqueeze(1)
xt, yt = torch.from_numpy(pts[450:]), torch.from_numpy(val[450:]).unsqueeze(1)

net = torch.nn.Sequential(torch.nn.Linear(2, 20), torch.nn.Tanh(), torch.nn.Linear(20, 1))
optimizer = torch.optim.LBFGS(net.parameters(), lr=0.5, max_iter=4, history_size=10, line_search_fn='strong_wolfe')
mse = torch.nn.MSELoss()


def closure():
    optimizer.zero_grad()
    loss = mse(net(x), y) + 1e-5 * sum((p ** 2).sum() for p in net.parameters())
    loss.backward()
    return loss


for i in range(120):
    loss = optimizer.step(closure)
    if i % 20 == 19:
        with torch.no_grad():
            print(i + 1, 'objective', round(loss.item(), 5), 'test mse', round(mse(net(xt), yt).item(), 5))
