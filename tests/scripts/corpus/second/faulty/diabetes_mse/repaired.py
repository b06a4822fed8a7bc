import torch
import torch.nn as nn
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(17)

# 1. data
data = load_diabetes()
X = StandardScaler().fit_transform(data.data)
y = (data.target - data.target.mean()) / data.target.std()
X = torch.tensor(X, dtype=torch.float32)
y = torch.tensor(y, dtype=torch.float32)
loader = DataLoader(TensorDataset(X, y), batch_size=34, shuffle=True)


# 2. model
class Net(nn.Module):
    def __init__(self, n_in, n_hidden):
        super().__init__()
        self.l1 = nn.Linear(n_in, n_hidden)
        self.l2 = nn.Linear(n_hidden, n_hidden)
        self.l3 = nn.Linear(n_hidden, 1)

    def forward(self, x):
        x = torch.tanh(self.l1(x))
        x = torch.tanh(self.l2(x))
        return self.l3(x).squeeze(1)


net = Net(X.shape[1], 24)
loss_function = nn.MSELoss()
optimizer = torch.optim.Adam(net.parameters(), lr=4e-3)

# 3. training
for epoch in range(25):
    epoch_loss = 0.0
    for xb, yb in loader:
        prediction = net(xb)
        loss = loss_function(prediction, yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item()
    if epoch % 4 == 0:
        print("Epoch", epoch, "loss", round(epoch_loss / len(loader), 4))
