import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader

torch.manual_seed(904)
imgs = torch.tensor(load_digits().images, dtype=torch.float32).unsqueeze(1) / 16.0
imgs = imgs[torch.randperm(len(imgs))]
train, test = imgs[:1500], imgs[1500:]


class ConvAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.e1 = nn.Conv2d(1, 12, 3, stride=2, padding=1)
        self.e2 = nn.Conv2d(12, 24, 3, stride=2, padding=1)
        self.code = nn.Linear(24 * 4, 16)
        self.up = nn.Linear(16, 24 * 4)
        self.d1 = nn.ConvTranspose2d(24, 12, 2, stride=2)
        self.d2 = nn.ConvTranspose2d(12, 1, 2, stride=2)

    def encode(self, x):
        x = F.leaky_relu(self.e1(x), 0.1)
        x = F.leaky_relu(self.e2(x), 0.1)
        return self.code(x.flatten(1))

    def decode(self, z):
        h = F.leaky_relu(self.up(z), 0.1).view(-1, 24, 2, 2)
        h = F.leaky_relu(self.d1(h), 0.1)
        return self.d2(h)

    def forward(self, x):
        z = self.encode(x)
        return self.decode(z), z


ae = ConvAE()
opt = torch.optim.Adam(ae.parameters(), lr=6e-3)
for epoch in range(8):
    ae.train()
    hist = []
    for xb in DataLoader(train, batch_size=50, shuffle=True):
        logits, z = ae(xb - 0.3)
        loss = F.binary_cross_entropy_with_logits(logits, xb) + 1e-4 * z.pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        hist.append(loss.item())
    ae.eval()
    with torch.no_grad():
        rec = torch.sigmoid(ae(test - 0.3)[0])
    print(f"epoch {epoch} loss {sum(hist) / len(hist):.4f} test mse {F.mse_loss(rec, test).item():.4f}")
