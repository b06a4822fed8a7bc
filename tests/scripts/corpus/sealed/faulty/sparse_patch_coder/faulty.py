import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from sklearn.datasets import load_digits


class SparseCoder(nn.Module):
    def __init__(self, n_in=64, n_code=96):
        super().__init__()
        self.encoder = nn.Linear(n_in, n_code)
        self.decoder = nn.Linear(n_code, n_in)
        nn.init.constant_(self.encoder.bias, 0.6)

    def forward(self, x):
        code = torch.relu(self.encoder(x))
        return self.decoder(code), code


def fit(model, loader, val, epochs=14, l1=0.02, lr=3e-3):
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    for epoch in range(epochs):
        model.train()
        total = 0.0
        for (x,) in loader:
            recon, code = model(x)
            rec = nn.functional.mse_loss(recon, x)
            loss = rec + l1 * code.abs().sum()
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += rec.item()
        model.eval()
        with torch.no_grad():
            recon, code = model(val)
            active = (code > 0).any(0).sum().item()
            print(f"epoch {epoch} train rec {total / len(loader):.5f} valid rec {nn.functional.mse_loss(recon, val).item():.5f} "
                  f"active units {active}/{code.shape[1]} density {(code > 0).float().mean():.3f}")


if __name__ == "__main__":
    torch.manual_seed(77)
    imgs = torch.tensor(load_digits().data, dtype=torch.float32) / 16
    imgs = imgs[torch.randperm(len(imgs))]
    fit(SparseCoder(), DataLoader(TensorDataset(imgs[:1500]), batch_size=50, shuffle=True), imgs[1500:])
