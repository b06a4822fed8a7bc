import torch
import torch.nn as nn
from sklearn.datasets import load_digits

torch.manual_seed(88)
d = load_digits()
x = torch.tensor(d.images, dtype=torch.float32) / 16.0
x = (x - x.mean()) / x.std()
# cut into four 4x4 patches
patches = x.unfold(1, 4, 4).unfold(2, 4, 4).reshape(len(x), 4, 16)
y = torch.tensor(d.target)
perm = torch.randperm(len(x))
patches, y = patches[perm], y[perm]


class PatchNet(nn.Module):
    def __init__(self, width=40, start=0.0):
        super().__init__()
        self.embed = nn.Linear(16, width)
        self.place = nn.Parameter(torch.randn(4, width) * 0.3)
        self.mix = nn.Linear(4 * width, 64)
        self.head = nn.Linear(64, 10)
        for lin in (self.embed, self.mix):
            nn.init.constant_(lin.bias, start)

    def forward(self, p):
        h = torch.relu(self.embed(p) + self.place)
        h = torch.relu(self.mix(h.flatten(1)))
        return {"logits": self.head(h), "features": h}


model = PatchNet()
optimizer = torch.optim.SGD(model.parameters(), lr=0.08, momentum=0.9)
N = 1440
for epoch in range(10):
    model.train()
    loss_sum = 0.0
    for b in torch.randperm(N).split(48):
        out = model(patches[b])
        logp = out["logits"] - out["logits"].logsumexp(1, keepdim=True)
        loss = -logp[torch.arange(len(b)), y[b]].mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * len(b)
    model.eval()
    with torch.no_grad():
        acc = (model(patches[N:])["logits"].argmax(1) == y[N:]).float().mean().item()
    print(f"epoch {epoch} loss {loss_sum / N:.4f} acc {acc:.3f}")
