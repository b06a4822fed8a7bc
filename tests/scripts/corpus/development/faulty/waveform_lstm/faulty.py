import math, torch

torch.manual_seed(77)
PER_CLASS, LENGTH = 500, 40


def waves(kind, n):
    t = torch.linspace(0, 1, LENGTH).expand(n, LENGTH)
    f = 2 + 2 * torch.rand(n, 1)
    ph = torch.rand(n, 1)
    p = (f * t + ph) % 1.0
    if kind == "sine":
        w = torch.sin(2 * math.pi * p)
    elif kind == "square":
        w = torch.sign(p - 0.5)
    elif kind == "saw":
        w = 2 * p - 1
    return (w + 0.25 * torch.randn(n, LENGTH)).unsqueeze(-1)


kinds = ["sine", "square", "saw"]
x = torch.cat([waves(k, PER_CLASS) for k in kinds])
y = torch.arange(3).repeat_interleave(PER_CLASS)
xv = torch.cat([waves(k, 100) for k in kinds])
yv = torch.arange(3).repeat_interleave(100)


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(1, 32, batch_first=True)
        self.cls = torch.nn.Linear(32, 3)

    def forward(self, seq):
        out, _ = self.lstm(seq)
        return self.cls(out.mean(dim=1))


net = Net()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)

for epoch in range(10):
    net.train()
    total = 0.
    index = torch.arange(len(x))
    for part in index.split(30):
        loss = torch.nn.functional.cross_entropy(net(x[part]), y[part])
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        total += loss.item() * len(part)
    net.eval()
    with torch.no_grad():
        va = (net(xv).argmax(1) == yv).float().mean()
    print(f"{epoch:>2}  loss={total / len(x):.4f}  val_acc={va:.3f}")
