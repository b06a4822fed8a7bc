import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(33)


def make_sequences(n, T=24):
    slope = torch.randint(-1, 2, (n,))
    t = torch.linspace(-1, 1, T)
    x = slope[:, None] * t * 0.8 + 0.5 * torch.randn(n, T)
    return x.unsqueeze(2), slope + 1


class TrendLSTM(nn.Module):
    def __init__(self, h=24):
        super().__init__()
        self.lstm = nn.LSTM(1, h, batch_first=True)
        self.cls = nn.Linear(h, 3)

    def forward(self, x):
        out, (hn, cn) = self.lstm(x)
        return self.cls(hn[-1])


x, y = make_sequences(2400)
y = y[torch.randperm(len(y))]
xv, yv = x[2000:], y[2000:]
x, y = x[:2000], y[:2000]
net = TrendLSTM()
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=300, eta_min=1e-3)
for step in range(300):
    idx = torch.randint(0, len(x), (64,))
    net.train()
    logits = net(x[idx])
    loss = F.cross_entropy(logits, y[idx])
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 2.0)
    optimizer.step()
    sched.step()
    if step % 50 == 49:
        net.eval()
        with torch.no_grad():
            acc = (net(xv).argmax(1) == yv).float().mean().item()
        print(f"step {step + 1}: loss {loss.item():.3f}, val acc {acc:.3f}")
