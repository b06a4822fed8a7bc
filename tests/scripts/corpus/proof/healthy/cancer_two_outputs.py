import argparse
import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset


def parse():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=20)
    p.add_argument("--batch-size", type=int, default=32)
    p.add_argument("--lr", type=float, default=5e-3)
    p.add_argument("--reg-weight", type=float, default=0.5)
    return p.parse_args()


class DualNet(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(d, 32), nn.ELU(), nn.Linear(32, 16), nn.ELU())
        self.diag = nn.Linear(16, 1)
        self.area = nn.Linear(16, 1)

    def forward(self, x):
        h = self.enc(x)
        return self.diag(h)[:, 0], self.area(h)[:, 0]


if __name__ == "__main__":
    args = parse()
    torch.manual_seed(907)
    bc = load_breast_cancer()
    Z = torch.tensor(StandardScaler().fit_transform(bc.data), dtype=torch.float32)
    area = Z[:, 23]
    keep = [i for i in range(30) if i not in (3, 13, 23)]
    X, diag = Z[:, keep], torch.tensor(bc.target, dtype=torch.float32)
    p = torch.randperm(len(X))
    tr, va = p[:450], p[450:]
    dl = DataLoader(TensorDataset(X[tr], diag[tr], area[tr]), batch_size=args.batch_size, shuffle=True)
    net = DualNet(len(keep))
    opt = torch.optim.Adam(net.parameters(), lr=args.lr)
    bce, mse = nn.BCEWithLogitsLoss(), nn.MSELoss()
    for epoch in range(args.epochs):
        net.train()
        for x, d, a in dl:
            pd, pa = net(x)
            loss = bce(pd, d) + args.reg_weight * mse(pa, a)
            opt.zero_grad()
            loss.backward()
            opt.step()
        if epoch % 4 == 3:
            net.eval()
            with torch.no_grad():
                pd, pa = net(X[va])
                print(f"epoch {epoch + 1} acc {((pd > 0).float() == diag[va]).float().mean():.3f} area mse {mse(pa, area[va]):.4f}")
