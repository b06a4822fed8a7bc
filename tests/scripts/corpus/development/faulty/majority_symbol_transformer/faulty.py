"""Tiny transformer encoder: majority symbol in a short string."""
import torch
import torch.nn as nn

VOCAB, LENGTH, DIM = 5, 15, 32
torch.manual_seed(41)


def make_batch(n):
    probs = torch.ones(n, VOCAB)
    fav = torch.randint(0, VOCAB, (n,))
    probs[torch.arange(n), fav] += 2.0
    s = torch.multinomial(probs, LENGTH, replacement=True)
    counts = nn.functional.one_hot(s, VOCAB).sum(1).float() + 0.01 * torch.rand(n, VOCAB)
    return s, counts.argmax(1)


class MajorityNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok = nn.Embedding(VOCAB, DIM)
        self.pos = nn.Parameter(0.02 * torch.randn(1, LENGTH, DIM))
        layer = nn.TransformerEncoderLayer(DIM, nhead=4, dim_feedforward=64, dropout=0.0, batch_first=True, norm_first=True)
        self.enc = nn.TransformerEncoder(layer, num_layers=2, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(DIM)
        self.cls = nn.Linear(DIM, VOCAB)

    def forward(self, s):
        h = self.enc(self.tok(s) + self.pos)
        return self.cls(self.norm(h.mean(1)))


LEARNING_RATE = 1e-6
model = MajorityNet()
optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE, momentum=0.9)
criterion = nn.CrossEntropyLoss()
eval_s, eval_y = make_batch(500)
for step in range(1, 401):
    model.train()
    s, y = make_batch(48)
    loss = criterion(model(s), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 80 == 0:
        model.eval()
        with torch.no_grad():
            logits = model(eval_s)
            print(step, 'loss %.4f' % criterion(logits, eval_y).item(), 'acc %.3f' % (logits.argmax(1) == eval_y).float().mean().item())
