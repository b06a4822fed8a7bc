import argparse

import numpy as np
import torch
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=12)
parser.add_argument("--lr", type=float, default=2e-3)
parser.add_argument("--hidden", type=int, default=48)
parser.add_argument("--seed", type=int, default=21)
args = parser.parse_args()

torch.manual_seed(args.seed)
rng = np.random.default_rng(args.seed)
n = 4000
pressure = 101_325 + 900 * rng.standard_normal(n)        # Pa
speed = rng.uniform(800, 4200, n)                        # rpm
temperature = 291 + 9 * rng.standard_normal(n)           # K
valve = rng.uniform(0, 1, n)                             # fraction open
humidity = rng.beta(2, 3, n)                             # fraction
vibration = np.abs(0.02 * rng.standard_normal(n))        # g
stress = (
    0.9 * (pressure - 101_325) / 900
    + 2.0 * (valve - 0.5) * (speed - 2500) / 700
    + 1.2 * (humidity > 0.45)
    + 40 * vibration
    - 0.5 * (temperature - 291) / 9
)
alarm = (stress + 0.3 * rng.standard_normal(n) > np.median(stress)).astype(np.int64)
table = np.column_stack([pressure, speed, temperature, valve, humidity, vibration])

X_train, X_test, y_train, y_test = train_test_split(
    table, alarm, test_size=0.25, stratify=alarm, random_state=args.seed
)
scaler = StandardScaler().fit(X_train)
print("column means", np.round(scaler.mean_, 3))
x_train = torch.tensor(X_train, dtype=torch.float32)
x_test = torch.tensor(X_test, dtype=torch.float32)
t_train = torch.tensor(y_train)

net = torch.nn.Sequential(
    torch.nn.Linear(6, args.hidden), torch.nn.LeakyReLU(0.1),
    torch.nn.Linear(args.hidden, args.hidden), torch.nn.LeakyReLU(0.1),
    torch.nn.Linear(args.hidden, 2),
)
optimizer = torch.optim.Adam(net.parameters(), lr=args.lr)
criterion = torch.nn.CrossEntropyLoss()

for epoch in range(args.epochs):
    running = 0.0
    for idx in torch.randperm(len(t_train)).split(60):
        optimizer.zero_grad()
        loss = criterion(net(x_train[idx]), t_train[idx])
        loss.backward()
        optimizer.step()
        running += loss.item() * len(idx)
    with torch.no_grad():
        pred = net(x_test).argmax(1).numpy()
    print(f"[{epoch:02d}] loss {running / len(t_train):.4f}  bal.acc {balanced_accuracy_score(y_test, pred):.3f}")
