import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(46)


class Recurrent(nn.Module):
    """h_t = relu(W h_{t-1} + U x_t + b)"""

    def __init__(self, inp, hidden):
        super().__init__()
        self.U = nn.Parameter(torch.randn(hidden, inp) / inp ** 0.5 * 0.5)
        self.W = nn.Parameter(torch.randn(hidden, hidden) * 0.4)
        self.b = nn.Parameter(torch.zeros(hidden))
        self.readout = nn.Linear(hidden, 1)
        self.hidden = hidden

    def forward(self, x):
        h = x.new_zeros(len(x), self.hidden)
        for t in range(x.shape[1]):
            h = torch.relu(h @ self.W.T + x[:, t] @ self.U.T + self.b)
        return self.readout(h / x.shape[1])


def gated_sums(n, T=30):
    v = torch.randn(n, T)
    gate = (torch.rand(n, T) < 0.3).float()
    total = (v * gate).sum(1) / 3
    return torch.stack([v, gate * 2 - 0.6], 2), total


x, y = gated_sums(2400)
xv, yv = gated_sums(500)
loader = DataLoader(TensorDataset(x, y), batch_size=60, shuffle=True)
net = Recurrent(2, 32)
opt = torch.optim.Adam(net.parameters(), lr=6e-3)
for epoch in range(6):
    net.train()
    tot = 0.0
    for xb, yb in loader:
        pred = net(xb).squeeze(1)
        loss = nn.functional.mse_loss(pred, yb)
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot += loss.item()
    net.eval()
    with torch.no_grad():
        v = nn.functional.mse_loss(net(xv).squeeze(1), yv)
    print(f"epoch {epoch} train mse {tot / len(loader):.4g} val mse {v.item():.4g}")
