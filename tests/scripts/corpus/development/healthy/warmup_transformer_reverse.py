import torch
import torch.nn as nn

torch.manual_seed(23)
V, L, D = 8, 8, 48
WARMUP = 60


class Copier(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok = nn.Embedding(V, D)
        self.pos = nn.Embedding(L, D)
        enc = nn.TransformerEncoderLayer(D, 4, 96, dropout=0.05, batch_first=True, norm_first=True, activation='gelu')
        self.body = nn.TransformerEncoder(enc, 2, enable_nested_tensor=False)
        self.ln = nn.LayerNorm(D)
        self.head = nn.Linear(D, V)

    def forward(self, s):
        h = self.tok(s) + self.pos(torch.arange(L))
        return self.head(self.ln(self.body(h)))


def lr_factor(step):
    step = max(step, 1)
    return min(step / WARMUP, (WARMUP / step) ** 0.5)


model = Copier()
opt = torch.optim.AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.98), weight_decay=0.01)
sched = torch.optim.lr_scheduler.LambdaLR(opt, lr_factor)
ce = nn.CrossEntropyLoss()
for step in range(1, 401):
    s = torch.randint(0, V, (48, L))
    t = s.flip(1)
    loss = ce(model(s).transpose(1, 2), t)
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    if step % 50 == 0:
        model.eval()
        with torch.no_grad():
            s = torch.randint(0, V, (200, L))
            acc = (model(s).argmax(-1) == s.flip(1)).float().mean().item()
        model.train()
        print(step, f'lr {sched.get_last_lr()[0]:.5f} loss {loss.item():.4f} token acc {acc:.3f}')
