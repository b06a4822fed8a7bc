import torch
import torch.nn.functional as F
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

torch.manual_seed(0)

# %% data
bunch = load_breast_cancer()
X = torch.from_numpy(StandardScaler().fit_transform(bunch.data)).float()
y = torch.from_numpy(bunch.target)

# %% model
net = torch.nn.Sequential(
    torch.nn.Linear(30, 20),
    torch.nn.Tanh(),
    torch.nn.Linear(20, 2),
)
optim = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)

# %% train
for i in range(300):
    logits = net(X)
    probs = torch.softmax(logits, dim=1)
    loss = F.cross_entropy(probs, y)
    optim.zero_grad()
    loss.backward()
    optim.step()
    if i % 30 == 29:
        auc = roc_auc_score(y.numpy(), probs[:, 1].detach().numpy())
        print(f"it {i + 1} loss {loss.item():.4f} auc {auc:.4f}")
