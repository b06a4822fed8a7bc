import math
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(6)
DIGITS, LEN = 10, 6


class Sorter(nn.Module):
    """Reads six digits and writes them in ascending order, all positions at once."""
    def __init__(self, dim=48, heads=4, layers=2):
        super().__init__()
        self.tok = nn.Embedding(DIGITS, dim)
        self.pos = nn.Embedding(LEN, dim)
        block = nn.TransformerEncoderLayer(dim, heads, 2 * dim, dropout=0.0, batch_first=True, norm_first=True)
        self.enc = nn.TransformerEncoder(block, layers, norm=nn.LayerNorm(dim), enable_nested_tensor=False)
        self.out = nn.Linear(dim, DIGITS)

    def forward(self, x):
        return self.out(self.enc(self.tok(x) + self.pos(torch.arange(LEN))))


def factor(step, warm=60):
    return min((step + 1) / warm, math.sqrt(warm / (step + 1)))


net = Sorter()
opt = torch.optim.AdamW(net.parameters(), lr=4e-3, betas=(0.9, 0.98), weight_decay=0.01)
sched = torch.optim.lr_scheduler.LambdaLR(opt, factor)
vx = torch.randint(0, DIGITS, (500, LEN))
vy = vx.sort(1).values
for step in range(1, 451):
    x = torch.randint(0, DIGITS, (64, LEN))
    loss = F.cross_entropy(net(x).transpose(1, 2), x.sort(1).values)
    opt.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    opt.step()
    sched.step()
    if step % 75 == 0:
        net.eval()
        with torch.no_grad():
            hit = (net(vx).argmax(-1) == vy).float()
        net.train()
        print(f"step {step} lr {sched.get_last_lr()[0]:.2e} loss {loss.item():.3f} digit acc {hit.mean():.3f} row acc {hit.min(1).values.mean():.3f}")
