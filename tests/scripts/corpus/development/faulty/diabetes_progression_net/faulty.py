# Stats course project: diabetes progression with a neural net
import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression

torch.manual_seed(0)
rng = np.random.default_rng(0)
X, y = load_diabetes(return_X_y=True)
order = rng.permutation(len(y))
X, y = X[order], y[order]
n_train = 110
train, valid = slice(0, n_train), slice(342, 442)
mx, sx, my, sy = X[train].mean(0), X[train].std(0), y[train].mean(), y[train].std()
X = torch.tensor((X - mx) / sx, dtype=torch.float32)
y = torch.tensor((y - my) / sy, dtype=torch.float32).reshape(-1, 1)

baseline = LinearRegression().fit(X[train].numpy(), y[train].numpy())
print("linear model, validation mse", float(((baseline.predict(X[valid].numpy()) - y[valid].numpy()) ** 2).mean()))

model = nn.Sequential(nn.Linear(10, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 1))
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.0)
mse = nn.MSELoss()
xt, yt = X[train], y[train]
step = 0
while step < 500:
    for idx in torch.randperm(len(xt)).split(22):
        model.train()
        loss = mse(model(xt[idx]), yt[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        if step % 25 == 0:
            model.eval()
            with torch.no_grad():
                print("step", step, "train mse %.3f" % mse(model(xt), yt).item(), "val mse %.3f" % mse(model(X[valid]), y[valid]).item())
