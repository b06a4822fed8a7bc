"""Skip-gram with negative sampling on a synthetic topic corpus."""
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(36)
TOPICS, WORDS = 8, 160
PER = WORDS // TOPICS


def corpus(n_sent, length=10):
    topic = torch.randint(0, TOPICS, (n_sent, 1))
    word = topic * PER + torch.randint(0, PER, (n_sent, length))
    noise = torch.rand(n_sent, length) < 0.1
    return torch.where(noise, torch.randint(0, WORDS, (n_sent, length)), word)


class SkipGram(nn.Module):
    def __init__(self, n, d=24):
        super().__init__()
        self.center = nn.Embedding(n, d, sparse=True)
        self.context = nn.Embedding(n, d, sparse=True)
        nn.init.normal_(self.center.weight, std=0.2)
        nn.init.normal_(self.context.weight, std=0.2)

    def forward(self, c, o, neg):
        v = self.center(c)
        pos = (v * self.context(o)).sum(-1)
        negs = torch.bmm(self.context(neg), v.unsqueeze(-1)).squeeze(-1)
        return -(F.logsigmoid(pos) + F.logsigmoid(-negs).sum(1)).mean()


text = corpus(4000)
model = SkipGram(WORDS)
opt = torch.optim.SparseAdam(list(model.parameters()), lr=0.02)
losses = []
for step in range(1, 501):
    sent = text[torch.randint(0, len(text), (128,))]
    i = torch.randint(0, 9, (128,))
    r = torch.arange(128)
    loss = model(sent[r, i], sent[r, i + 1], torch.randint(0, WORDS, (128, 4)))
    opt.zero_grad()
    loss.backward()
    opt.step()
    losses.append(loss.item())
    if step % 100 == 0:
        with torch.no_grad():
            e = F.normalize(model.center.weight, dim=1)
            sim = e @ e.T - 2 * torch.eye(WORDS)
            purity = (sim.argmax(1) // PER == torch.arange(WORDS) // PER).float().mean()
        print(step, round(sum(losses[-100:]) / 100, 4), 'neighbour purity', round(purity.item(), 3))
