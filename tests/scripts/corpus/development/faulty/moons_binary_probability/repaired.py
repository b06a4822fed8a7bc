import torch
import torch.nn as nn
from sklearn.datasets import make_moons

torch.manual_seed(0)
X, y = make_moons(2000, noise=0.18, random_state=0)
X = torch.FloatTensor((X - X.mean(0)) / X.std(0))
y = torch.FloatTensor(y).view(-1, 1)
X_train, y_train = X[:1500], y[:1500]
X_test, y_test = X[1500:], y[1500:]


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.fc1 = nn.Linear(2, 32)
        self.fc2 = nn.Linear(32, 32)
        self.fc3 = nn.Linear(32, 1)
        self.relu = nn.ReLU()
        self.prob = nn.Sigmoid()

    def forward(self, x):
        x = self.relu(self.fc1(x))
        x = self.relu(self.fc2(x))
        return self.prob(self.fc3(x))


net = Net()
criterion = nn.BCELoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.003)

batch_size = 50
for epoch in range(15):
    net.train()
    permutation = torch.randperm(X_train.size(0))
    epoch_loss = 0
    for i in range(0, X_train.size(0), batch_size):
        indices = permutation[i:i + batch_size]
        batch_x, batch_y = X_train[indices], y_train[indices]
        optimizer.zero_grad()
        outputs = net(batch_x)
        loss = criterion(outputs, batch_y)
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item()
    net.eval()
    with torch.no_grad():
        pred = (net(X_test) > 0.5).float()
        accuracy = (pred == y_test).float().mean()
    print("Epoch {}, loss {:.4f}, accuracy {:.3f}".format(epoch, epoch_loss / 30, accuracy.item()))
