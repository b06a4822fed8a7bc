import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(97)
d = load_digits()
x = torch.tensor(d.data / 16.0, dtype=torch.float32) - 0.3
digit = torch.tensor(d.target)
ink = torch.tensor(d.data.sum(1), dtype=torch.float32)
ink = (ink - ink.mean()) / ink.std()
order = torch.randperm(len(x))
tr, va = order[:1400], order[1400:]

# warm start: a small backbone that learns how much ink a picture has
backbone = nn.Sequential(nn.Linear(64, 80), nn.ReLU())
regress = nn.Linear(80, 1)
warm = torch.optim.Adam([*backbone.parameters(), *regress.parameters()], lr=5e-3)
for _ in range(20):
    b = tr[torch.randint(0, len(tr), (200,))]
    loss = F.mse_loss(regress(backbone(x[b]))[:, 0], ink[b])
    warm.zero_grad()
    loss.backward()
    warm.step()
print("warm start done", round(loss.item(), 3))


class DigitModel(nn.Module):
    def __init__(self, base):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.adapter = nn.Sequential(nn.Linear(80, 32), nn.Tanh(), nn.Linear(32, 8), nn.Tanh())
        self.drop = nn.Dropout(0.9)
        self.classifier = nn.Linear(8, 10)

    def forward(self, x):
        return self.classifier(self.drop(self.adapter(self.base(x))))


model = DigitModel(backbone)
groups = [{"params": model.classifier.parameters(), "lr": 1e-2}]
opt = torch.optim.AdamW(groups, weight_decay=1e-3)
for epoch in range(11):
    model.train()
    losses = []
    for b in tr[torch.randperm(len(tr))].split(50):
        loss = F.cross_entropy(model(x[b]), digit[b])
        opt.zero_grad()
        loss.backward()
        opt.step()
        losses.append(loss.item())
    model.eval()
    with torch.no_grad():
        acc = (model(x[va]).argmax(1) == digit[va]).float().mean().item()
    print(f"epoch {epoch} loss {sum(losses) / len(losses):.4f} val acc {acc:.3f}")
