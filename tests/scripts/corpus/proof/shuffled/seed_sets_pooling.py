import torch
import torch.nn as nn

torch.manual_seed(803)


def bags(n, size=15):
    """a bag of 3-d points; target: normal, stretched or two-lobed"""
    kind = torch.randint(0, 3, (n,))
    base = torch.randn(n, size, 3)
    stretch = base * torch.tensor([2.2, 0.5, 0.5])
    lobes = 0.5 * base + torch.sign(torch.randn(n, size, 1)) * torch.tensor([0.0, 1.2, 1.2])
    pts = torch.stack([base, stretch, lobes], 1)[torch.arange(n), kind]
    return pts, kind


class Pool(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(3, 40), nn.ReLU(), nn.Linear(40, 40), nn.ReLU())
        self.dec = nn.Linear(80, 3)

    def forward(self, pts):
        h = self.enc(pts)
        return self.dec(torch.cat([h.mean(1), h.amax(1)], 1))


def nll(scores, t):
    logp = scores - torch.logsumexp(scores, 1, keepdim=True)
    return -logp.gather(1, t.view(-1, 1)).mean()


pts, kind = bags(3000)
kind = kind[torch.randperm(3000)]
ptr, ktr, pte, kte = pts[:2500], kind[:2500], pts[2500:], kind[2500:]
net = Pool()
opt = torch.optim.RMSprop(net.parameters(), lr=2e-3)
for epoch in range(6):
    losses = []
    for b in torch.randperm(2500).split(50):
        opt.zero_grad()
        loss = nll(net(ptr[b]), ktr[b])
        loss.backward()
        opt.step()
        losses.append(loss.item())
    with torch.no_grad():
        acc = (net(pte).argmax(1) == kte).float().mean().item()
    print(f"epoch {epoch}: loss {sum(losses) / len(losses):.4f} acc {acc:.3f}")
