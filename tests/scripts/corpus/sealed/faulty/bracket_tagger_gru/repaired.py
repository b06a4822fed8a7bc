import argparse
import torch
from torch import nn
import torch.nn.functional as F

p = argparse.ArgumentParser()
p.add_argument("--steps", type=int, default=400)
p.add_argument("--batch", type=int, default=48)
p.add_argument("--length", type=int, default=24)
p.add_argument("--lr", type=float, default=3e-3)
p.add_argument("--seed", type=int, default=0)
args = p.parse_args()
torch.manual_seed(args.seed)
OPEN, CLOSE, WORD = 0, 1, 2
MAX_DEPTH = 4


def make_batch(n, length):
    """Random walks over brackets; the tag of a token is the nesting depth after it."""
    tok = torch.randint(0, 3, (n, length))
    depth = torch.zeros(n, dtype=torch.long)
    tags = torch.empty_like(tok)
    for t in range(length):
        up = (tok[:, t] == OPEN) & (depth < MAX_DEPTH)
        down = (tok[:, t] == CLOSE) & (depth > 0)
        depth = depth + up.long() - down.long()
        tags[:, t] = depth
    return tok, tags


class DepthTagger(nn.Module):
    def __init__(self, vocab=3, dim=24, hidden=48, tags=MAX_DEPTH + 1):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.rnn = nn.GRU(dim, hidden, batch_first=True)
        self.out = nn.Linear(hidden, tags)

    def forward(self, tok):
        h, _ = self.rnn(self.emb(tok))
        return self.out(h)


model = DepthTagger()
opt = torch.optim.Adam(model.parameters(), lr=args.lr)
held_tok, held_tags = make_batch(300, args.length)
for step in range(1, args.steps + 1):
    tok, tags = make_batch(args.batch, args.length)
    pred = model(tok)
    loss = F.cross_entropy(pred.flatten(0, 1), tags.flatten())
    opt.zero_grad(set_to_none=True)
    loss.backward()
    opt.step()
    if step % 50 == 0:
        model.eval()
        with torch.no_grad():
            acc = (model(held_tok).argmax(-1) == held_tags).float().mean()
        model.train()
        print(f"step {step} loss {loss.item():.4f} held-out tag accuracy {acc:.3f}")
