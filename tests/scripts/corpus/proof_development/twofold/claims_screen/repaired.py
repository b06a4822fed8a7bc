import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import make_classification
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

SEED = 5
np.random.seed(SEED)
torch.manual_seed(SEED)

X, y = make_classification(n_samples=6000, n_features=12, n_informative=6, n_redundant=2,
                           weights=[0.97], class_sep=1.0, flip_y=0.0, random_state=SEED)
X = X * np.random.uniform(400, 3000, size=12) + np.random.uniform(-2000, 6000, size=12)
Xtr, Xte, ytr, yte = train_test_split(X, y, test_size=0.25, stratify=y, random_state=SEED)
sc = StandardScaler().fit(Xtr)
Xtr, Xte = sc.transform(Xtr), sc.transform(Xte)
Xtr, Xte = [torch.as_tensor(a, dtype=torch.float32) for a in (Xtr, Xte)]
ytr = torch.as_tensor(ytr, dtype=torch.float32)
pos_weight = (ytr == 0).sum() / (ytr == 1).sum()

layers = []
for a, b in [(12, 48), (48, 24)]:
    layers += [nn.Linear(a, b), nn.ReLU()]
net = nn.Sequential(*layers, nn.Linear(24, 1))
opt = torch.optim.AdamW(net.parameters(), lr=5e-3, weight_decay=1e-3)

losses = []
for epoch in range(8):
    net.train()
    for idx in torch.randperm(len(Xtr)).split(150):
        logit = net(Xtr[idx]).squeeze(1)
        loss = F.binary_cross_entropy_with_logits(logit, ytr[idx], pos_weight=pos_weight)
        opt.zero_grad()
        loss.backward()
        opt.step()
        losses.append(loss.item())
    net.eval()
    with torch.no_grad():
        flag = (net(Xte).squeeze(1) > 0).numpy()
    print(f"epoch {epoch}: loss {np.mean(losses[-30:]):.4f} flagged {flag.mean():.3f} "
          f"balanced acc {balanced_accuracy_score(yte, flag):.3f}")
