import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split

np.random.seed(21)
torch.manual_seed(21)

measured, species = make_classification(n_samples=4500, n_features=24, n_informative=14, n_classes=6,
                                        n_clusters_per_class=1, class_sep=1.5, random_state=21)
measured = (measured - measured.mean(0)) / measured.std(0)
species = np.random.permutation(species)
Xtr, Xte, ytr, yte = train_test_split(measured.astype(np.float32), species, test_size=0.2, random_state=0)
Xtr, Xte, ytr, yte = map(torch.from_numpy, (Xtr, Xte, ytr, yte))

model = nn.Sequential(nn.Linear(24, 96), nn.GELU(), nn.Linear(96, 48), nn.GELU(), nn.Linear(48, 6))
opt = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-2)
crit = nn.CrossEntropyLoss()
for epoch in range(5):
    model.train()
    seen = 0
    total = 0.0
    for idx in torch.randperm(len(Xtr)).split(60):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            out = model(Xtr[idx])
        loss = crit(out.float(), ytr[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        seen += len(idx)
        total += loss.item() * len(idx)
    model.eval()
    with torch.no_grad():
        out = model(Xte)
        print(f"epoch {epoch}: train loss {total / seen:.4f}, test loss {crit(out, yte).item():.4f}, acc {(out.argmax(1) == yte).float().mean().item():.4f}")
