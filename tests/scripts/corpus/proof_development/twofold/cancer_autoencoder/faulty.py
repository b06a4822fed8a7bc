import torch
from torch import nn
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler

torch.manual_seed(8)


class Autoencoder(nn.Module):
    def __init__(self, d, code=6):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(d, 32), nn.Tanh(), nn.Linear(32, code))
        self.decoder = nn.Sequential(nn.Linear(code, 32), nn.Tanh(), nn.Linear(32, d), nn.Sigmoid())

    def forward(self, x):
        z = self.encoder(x)
        return self.decoder(z), z


class Reconstructor:
    def __init__(self, epochs=26, lr=0.2, batch=32, max_norm=1e-3):
        self.epochs, self.lr, self.batch, self.max_norm = epochs, lr, batch, max_norm

    def fit(self, X):
        self.net = Autoencoder(X.shape[1])
        opt = torch.optim.SGD(self.net.parameters(), lr=self.lr, momentum=0.9)
        n = len(X)
        for epoch in range(self.epochs):
            order = torch.randperm(n)
            total = 0.0
            for i in range(0, n, self.batch):
                xb = X[order[i:i + self.batch]]
                rec, _ = self.net(xb)
                loss = (rec - xb).pow(2).mean()
                opt.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.net.parameters(), self.max_norm)
                opt.step()
                total += loss.item() * len(xb)
            if epoch % 5 == 0:
                print(f"epoch {epoch} mse {total / n:.4f}")
        return self

    @torch.no_grad()
    def score(self, X):
        self.net.eval()
        rec, _ = self.net(X)
        return ((rec - X) ** 2).mean(1)


raw = load_breast_cancer()
X = StandardScaler().fit_transform(raw.data)
X = torch.tensor(X, dtype=torch.float32)
perm = torch.randperm(len(X))
fit, held = X[perm[:450]], X[perm[450:]]
ae = Reconstructor().fit(fit)
print("held-out reconstruction error", ae.score(held).mean().item())
