import torch
import torch.nn as nn

torch.manual_seed(30)
V, T, K = 40, 14, 5
WORD_CLASS = torch.randint(0, K, (V,))


def reviews(n):
    y = torch.randint(0, K, (n,))
    x = torch.randint(0, V, (n, T))
    for c in range(K):
        rows = torch.nonzero(y == c).flatten()
        words = torch.nonzero(WORD_CLASS == c).flatten()
        pick = words[torch.randint(0, len(words), (len(rows), T))]
        keep = torch.rand(len(rows), T) < 0.35
        x[rows] = torch.where(keep, pick, x[rows])
    return x, y


class ReviewModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(V, 24)
        self.gru = nn.GRU(24, 32, batch_first=True)
        self.head = nn.Linear(32, K)

    def forward(self, x):
        seq, _ = self.gru(self.table(x))
        scores = self.head(seq.mean(1))
        return scores, seq


def xent(scores, y):
    norm = torch.logsumexp(scores, dim=-1)
    picked = scores[torch.arange(len(y)), y]
    return (norm - picked).mean()


x, y = reviews(2500)
xv, yv = reviews(500)
model = ReviewModel()
opt = torch.optim.Adam(model.parameters(), lr=6e-3)
for epoch in range(6):
    model.train()
    acc_loss, k = 0.0, 0
    for idx in torch.randperm(len(x)).split(50):
        scores, _ = model(x[idx])
        loss = xent(scores, y[idx])
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        opt.step()
        acc_loss, k = acc_loss + loss.item(), k + 1
    model.eval()
    with torch.no_grad():
        acc = (model(xv)[0].argmax(1) == yv).float().mean().item()
    print(f"epoch {epoch}: loss {acc_loss / k:.4f} val acc {acc:.3f}")
