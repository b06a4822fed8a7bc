import torch
import torch.nn as nn
from sklearn.datasets import load_digits

torch.manual_seed(5)
data = torch.tensor(load_digits().data, dtype=torch.float32) / 16
data = data[torch.randperm(len(data))]
train, test = data[:1500], data[1500:]


class AutoEncoder(nn.Module):
    def __init__(self, latent=12):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, 128), nn.ELU(), nn.Linear(128, 48), nn.ELU(), nn.Linear(48, latent))
        self.decoder = nn.Sequential(nn.ELU(), nn.Linear(latent, 48), nn.ELU(), nn.Linear(48, 128), nn.ELU(), nn.Linear(128, 64), nn.Sigmoid())

    def forward(self, x):
        return self.decoder(self.encoder(x))


ae = AutoEncoder()
opt = torch.optim.Adam(ae.parameters(), lr=2e-3)
EPOCHS = 4
for epoch in range(EPOCHS):
    ae.train()
    perm = torch.randperm(len(train))
    tot = 0.0
    for i in range(0, len(train), 50):
        xb = train[perm[i:i + 50]]
        recon = ae(xb)
        loss = ((recon - xb) ** 2).sum(1).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot += loss.item() * len(xb)
    ae.eval()
    with torch.no_grad():
        te = ((ae(test) - test) ** 2).sum(1).mean().item()
    print(f"epoch {epoch + 1:3d}/{EPOCHS}  train {tot / len(train):.4f}  test {te:.4f}")
