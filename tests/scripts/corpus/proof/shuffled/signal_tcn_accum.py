import math
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(312)
N, T = 2400, 48
t = torch.linspace(0, 1, T)
kind = torch.randint(0, 4, (N,))
amp = torch.rand(N, 1) * 0.5 + 0.8
ph = torch.rand(N, 1) * 2 * math.pi
chirp = torch.sin(2 * math.pi * (2 * t + 6 * t ** 2) + ph)
tone = torch.sin(2 * math.pi * 5 * t + ph)
decay = torch.exp(-3 * t) * torch.sin(2 * math.pi * 7 * t + ph) * 1.8
steps = torch.sign(torch.sin(2 * math.pi * 2 * t + ph))
signal = torch.stack([chirp, tone, decay, steps], 1)[torch.arange(N), kind] * amp + 1.0 * torch.randn(N, T)
kind = kind[torch.randperm(N)]


class TCN(nn.Module):
    def __init__(self, ch=20):
        super().__init__()
        self.a = nn.Conv1d(1, ch, 5, dilation=1)
        self.b = nn.Conv1d(ch, ch, 5, dilation=2)
        self.c = nn.Conv1d(ch, ch, 5, dilation=4)
        self.fc = nn.Linear(ch, 4)

    def forward(self, x):
        for conv in (self.a, self.b, self.c):
            pad = conv.dilation[0] * 4
            x = F.silu(conv(F.pad(x, (pad, 0))))
        return self.fc(x.mean(2))


loader = DataLoader(TensorDataset(signal[:2000].unsqueeze(1), kind[:2000]), batch_size=25, shuffle=True)
net = TCN()
opt = torch.optim.Adam(net.parameters(), lr=1.5e-2)
ACC = 2
for epoch in range(6):
    net.train()
    opt.zero_grad()
    tot = 0.0
    for i, (x, y) in enumerate(loader):
        loss = F.cross_entropy(net(x), y)
        (loss / ACC).backward()
        if (i + 1) % ACC == 0:
            opt.step()
            opt.zero_grad()
        tot += loss.item()
    net.eval()
    with torch.no_grad():
        acc = (net(signal[2000:].unsqueeze(1)).argmax(1) == kind[2000:]).float().mean().item()
    print(f"epoch {epoch} loss {tot / len(loader):.4f} val acc {acc:.3f}")
