import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

torch.manual_seed(1)


class Classifier(nn.Module):
    def __init__(self, n_in, n_hidden, n_out):
        super().__init__()
        self.l1 = nn.Linear(n_in, n_hidden)
        self.bn = nn.BatchNorm1d(n_hidden)
        self.l2 = nn.Linear(n_hidden, n_out)
        self.softmax = nn.Softmax(dim=1)

    def forward(self, x):
        out = self.l2(torch.relu(self.bn(self.l1(x))))
        return out

    def predict(self, x):
        self.eval()
        with torch.no_grad():
            return self(x).argmax(dim=1)


X, y = load_digits(return_X_y=True)
Xtr, Xte, ytr, yte = train_test_split(X, y, test_size=0.2, random_state=1, stratify=y)
sc = StandardScaler().fit(Xtr)
Xtr, Xte = (torch.tensor(sc.transform(a), dtype=torch.float32) for a in (Xtr, Xte))
ytr, yte = torch.tensor(ytr), torch.tensor(yte)
model = Classifier(64, 80, 10)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
for epoch in range(10):
    model.train()
    epoch_loss = 0.0
    batches = torch.randperm(len(Xtr)).split(45)
    for idx in batches:
        optimizer.zero_grad()
        loss = criterion(model(Xtr[idx]), ytr[idx])
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item()
    print(f"Epoch [{epoch + 1}/10] loss {epoch_loss / len(batches):.4f} test acc {(model.predict(Xte) == yte).float().mean():.4f}")
