import torch
import torch.nn as nn

torch.manual_seed(911)
V, T, D = 12, 8, 48


def batch(n):
    x = torch.stack([torch.randperm(V)[:T] for _ in range(n)])
    return x, x.argsort(1).argsort(1)


class Block(nn.Module):
    def __init__(self, d, heads=4):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.att = nn.MultiheadAttention(d, heads, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, d))

    def forward(self, x):
        q = self.ln1(x)
        x = x + self.att(q, q, q, need_weights=False)[0]
        return x + self.mlp(self.ln2(x))


class Ranker(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(V, D)
        self.blocks = nn.Sequential(Block(D), Block(D))
        self.head = nn.Linear(D, T)

    def forward(self, x):
        return self.head(self.blocks(self.emb(x)))


net = Ranker()
opt = torch.optim.AdamW(net.parameters(), lr=2e-3, betas=(0.9, 0.98), weight_decay=0.01)
warmup = torch.optim.lr_scheduler.LinearLR(opt, 0.1, 1.0, total_iters=15)
xv, yv = batch(400)
for step in range(1, 251):
    x, y = batch(48)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = net(x)
        loss = nn.functional.cross_entropy(logits.flatten(0, 1).float(), y.flatten())
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    opt.step()
    warmup.step()
    if step % 50 == 0:
        net.eval()
        with torch.no_grad():
            acc = (net(xv).argmax(-1) == yv).float().mean()
        net.train()
        print(f"{step} loss {loss.item():.4f} token acc {acc.item():.3f}")
