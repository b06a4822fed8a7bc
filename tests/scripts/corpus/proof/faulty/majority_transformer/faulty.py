import torch
import torch.nn as nn
import torch.nn.functional as F


def majority_batch(n, T, gen):
    """tokens 0..5; the label is the token that occurs most among 1..4"""
    y = torch.randint(1, 5, (n,), generator=gen)
    x = torch.randint(0, 6, (n, T), generator=gen)
    extra = torch.rand(n, T, generator=gen) < 0.3
    x = torch.where(extra, y[:, None].expand(n, T), x)
    return x, y - 1


class Encoder(nn.Module):
    def __init__(self, vocab=6, d=32, heads=4, T=16):
        super().__init__()
        self.tok = nn.Embedding(vocab, d)
        self.pos = nn.Parameter(0.02 * torch.randn(1, T, d))
        layer = nn.TransformerEncoderLayer(d, heads, 64, dropout=0.0, batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(d)
        self.out = nn.Linear(d, 4)

    def forward(self, x):
        h = self.blocks(self.tok(x) + self.pos)
        return self.out(self.norm(h).mean(1))


torch.manual_seed(91)
gen = torch.Generator().manual_seed(91)
net = Encoder()
opt = torch.optim.AdamW(net.parameters(), lr=2e-6, weight_decay=0.01)
xv, yv = majority_batch(500, 16, gen)
for it in range(300):
    x, y = majority_batch(40, 16, gen)
    loss = F.cross_entropy(net(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 50 == 0 or it == 299:
        net.eval()
        with torch.no_grad():
            acc = (net(xv).argmax(1) == yv).float().mean().item()
        net.train()
        print(f"iter {it} loss {loss.item():.4f} val acc {acc:.3f}")
