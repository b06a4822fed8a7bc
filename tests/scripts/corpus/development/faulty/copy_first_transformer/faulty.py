import math
import torch
import torch.nn as nn
import torch.nn.functional as F

# Task: the sequence holds one marker token; the label is the token right after the marker.
VOCAB, LENGTH, MARK = 12, 16, 0


def make(n, g):
    x = torch.randint(1, VOCAB, (n, LENGTH), generator=g)
    pos = torch.randint(0, LENGTH - 1, (n,), generator=g)
    x[torch.arange(n), pos] = MARK
    return x, x[torch.arange(n), pos + 1]


class Encoder(nn.Module):
    def __init__(self, d=32, heads=2, layers=1):
        super().__init__()
        self.tok = nn.Embedding(VOCAB, d)
        self.pos = nn.Parameter(0.1 * torch.randn(LENGTH, d))
        layer = nn.TransformerEncoderLayer(d, heads, 64, dropout=0.0, batch_first=True, norm_first=True)
        self.enc = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.out = nn.Linear(2 * d, VOCAB)

    def forward(self, x):
        prev = torch.cat([torch.zeros_like(x[:, :1]) + 1, x[:, :-1]], 1)
        h = self.tok(x) + self.pos + torch.roll(self.tok(prev), 1, dims=2)
        h = self.enc(h)
        return self.out(torch.cat([h.mean(1), h.amax(1)], 1))


torch.manual_seed(3)
g = torch.Generator().manual_seed(3)
X, Y = make(2400, g)
XV, YV = make(600, g)
EPOCHS, BATCH = 8, 60
N_BATCH = math.ceil(len(X) / BATCH)

model = Encoder()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=3e-3, total_steps=EPOCHS * N_BATCH, pct_start=0.2)
for epoch in range(EPOCHS):
    model.train()
    losses = []
    for idx in torch.randperm(len(X)).split(BATCH):
        loss = F.cross_entropy(model(X[idx]), Y[idx])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    scheduler.step()
    model.eval()
    with torch.no_grad():
        acc = (model(XV).argmax(1) == YV).float().mean().item()
    print(f"epoch {epoch:2d} loss {sum(losses) / len(losses):.3f} val acc {acc:.3f} lr {optimizer.param_groups[0]['lr']:.1e}")
