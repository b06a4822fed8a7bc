import torch, numpy as np
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

torch.manual_seed(1)

data = load_wine()
X_train, X_test, y_train, y_test = train_test_split(data.data, data.target, test_size=0.25, random_state=7, stratify=data.target)
mu, sd = X_train.mean(0), X_train.std(0)
X_train, X_test = (X_train - mu) / sd, (X_test - mu) / sd
X_train = torch.tensor(X_train, dtype=torch.float32)
X_test = torch.tensor(X_test, dtype=torch.float32)
y_train = torch.tensor(y_train)
y_test = torch.tensor(y_test)

net = torch.nn.Sequential(
    torch.nn.Linear(13, 24),
    torch.nn.ReLU(),
    torch.nn.Linear(24, 3),
)
opt = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9, weight_decay=5e-3)
criterion = torch.nn.CrossEntropyLoss()

step = 0
while step < 500:
    perm = torch.randperm(len(X_train))
    for start in range(0, len(perm) - 15, 16):
        batch = perm[start:start + 16]
        opt.zero_grad()
        out = net(X_train[batch])
        loss = criterion(out, y_train[batch])
        loss.backward()
        opt.step()
        step += 1
        if step % 50 == 0:
            with torch.no_grad():
                test_logits = net(X_test)
                print('step', step, 'loss %.4f' % loss.item(), 'test loss %.4f' % criterion(test_logits, y_test).item(),
                      'acc %.3f' % (test_logits.argmax(1) == y_test).float().mean().item())
