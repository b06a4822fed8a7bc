import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(908)
d = load_digits()
img = torch.tensor(d.images, dtype=torch.float32).unsqueeze(1)
img = (img - img.mean()) / img.std()
lab = torch.tensor(d.target)
perm = torch.randperm(len(img))
tr, va = perm[:1440], perm[1440:]

backbone = nn.Sequential(
    nn.Conv2d(1, 12, 3, padding=1), nn.BatchNorm2d(12), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(12, 24, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
)

# warm start: which way is the picture turned?
rot_head = nn.Linear(96, 4)
opt = torch.optim.Adam(list(backbone.parameters()) + list(rot_head.parameters()), lr=5e-3)
for step in range(60):
    b = tr[torch.randint(0, len(tr), (48,))]
    k = torch.randint(0, 4, (48,))
    x = torch.stack([torch.rot90(im, int(q), (1, 2)) for im, q in zip(img[b], k)])
    loss = F.cross_entropy(rot_head(backbone(x)), k)
    opt.zero_grad()
    loss.backward()
    opt.step()
print("rotation loss", round(loss.item(), 3))

model = nn.Sequential(backbone, nn.Linear(96, 48), nn.Tanh(), nn.Linear(48, 10))
opt = torch.optim.Adam([
    {"params": backbone.parameters(), "lr": 2e-3},
    {"params": [p for m in list(model)[1:] for p in m.parameters()]},
], lr=5e-3)
for epoch in range(6):
    model.train()
    tot = 0.0
    for b in tr[torch.randperm(len(tr))].split(48):
        loss = F.cross_entropy(model(img[b]), lab[b])
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot += loss.item() * len(b) / len(tr)
    model.eval()
    with torch.no_grad():
        acc = (model(img[va]).argmax(1) == lab[va]).float().mean().item()
    print(f"epoch {epoch} loss {tot:.4f} val acc {acc:.3f}")
