import torch
import torch.nn as nn
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import scale
from sklearn.utils import resample

torch.manual_seed(4)
X, progress = load_diabetes(return_X_y=True)
X, progress = scale(X), scale(progress)
progress = resample(progress, replace=False, random_state=3)
X = torch.tensor(X, dtype=torch.float32)
progress = torch.tensor(progress, dtype=torch.float32)
perm = torch.randperm(len(X))
tr, va = perm[:350], perm[350:]


class Progress(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(10, 20)
        self.drop = nn.Dropout(0.1)
        self.fc2 = nn.Linear(20, 1)

    def forward(self, x):
        return self.fc2(self.drop(torch.relu(self.fc1(x))))[:, 0]


net = Progress()
opt = torch.optim.Adam(net.parameters(), lr=0.01, weight_decay=1e-3)
mse = nn.MSELoss()
epoch = 0
while epoch < 25:
    net.train()
    for b in tr[torch.randperm(len(tr))].split(25):
        opt.zero_grad()
        loss = mse(net(X[b]), progress[b])
        loss.backward()
        opt.step()
    epoch += 1
    if epoch % 5 == 0:
        net.eval()
        with torch.no_grad():
            print("epoch", epoch, "train", round(mse(net(X[tr]), progress[tr]).item(), 4), "valid", round(mse(net(X[va]), progress[va]).item(), 4))
