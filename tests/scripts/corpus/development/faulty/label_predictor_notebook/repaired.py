# Kaggle-ish notebook export: which label does the row get?
import torch, torch.nn as nn, torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.preprocessing import MinMaxScaler

torch.manual_seed(99)

# %% data
bunch = load_digits()
feats = torch.tensor(MinMaxScaler().fit_transform(bunch.data), dtype=torch.float32)
label = torch.tensor(bunch.target)
shuffle = torch.randperm(len(label))
feats, label = feats[shuffle], label[shuffle]
n_val = 300

# %% model
N_CLASSES = 10
model = nn.Sequential(nn.Linear(64, 80), nn.LeakyReLU(0.1), nn.Linear(80, 40), nn.LeakyReLU(0.1))
head = nn.Linear(40, N_CLASSES)
params = list(model.parameters()) + list(head.parameters())
opt = torch.optim.Adagrad(params, lr=0.03)


def objective(out, lab):
    return F.cross_entropy(out, lab)


def decode(out):
    return out.argmax(1)


# %% train
bs = 60
for epoch in range(16):
    idx = torch.randperm(len(feats) - n_val) + n_val
    for j in range(0, len(idx), bs):
        b = idx[j:j + bs]
        out = head(model(feats[b]))
        loss = objective(out, label[b])
        opt.zero_grad(); loss.backward(); opt.step()
    with torch.no_grad():
        acc = (decode(head(model(feats[:n_val]))) == label[:n_val]).float().mean().item()
    print(f'ep {epoch:02d} loss={loss.item():.4f} val_acc={acc:.3f}')
