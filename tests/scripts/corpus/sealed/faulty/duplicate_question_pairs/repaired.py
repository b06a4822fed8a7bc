import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

VOCAB, LEN, TOPICS = 120, 10, 30


class QuestionPairs(Dataset):
    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        topic_words = torch.randint(VOCAB, (TOPICS, 6), generator=torch.Generator().manual_seed(0))
        ta = torch.randint(TOPICS, (n,), generator=g)
        same = torch.rand(n, generator=g) < 0.5
        tb = torch.where(same, ta, (ta + torch.randint(1, TOPICS, (n,), generator=g)) % TOPICS)
        self.a, self.b = self._write(ta, topic_words, g), self._write(tb, topic_words, g)
        self.same = same.float()

    @staticmethod
    def _write(topic, words, g):
        n = len(topic)
        text = words[topic].gather(1, torch.randint(6, (n, LEN), generator=g))
        noise = torch.randint(VOCAB, (n, LEN), generator=g)
        return torch.where(torch.rand(n, LEN, generator=g) < 0.25, noise, text)

    def __len__(self):
        return len(self.same)

    def __getitem__(self, i):
        return self.a[i], self.b[i], self.same[i]


class Siamese(nn.Module):
    def __init__(self, dim=16, hidden=24):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, dim)
        self.gru = nn.GRU(dim, hidden, batch_first=True)
        self.scale = nn.Parameter(torch.tensor(3.0))
        self.shift = nn.Parameter(torch.tensor(-1.0))

    def encode(self, t):
        return self.gru(self.emb(t))[0].mean(1)

    def forward(self, a, b):
        return self.scale * F.cosine_similarity(self.encode(a), self.encode(b)) + self.shift


def fit(model, loader, valid, epochs=28, window=4, lr=1e-2):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for epoch in range(epochs):
        model.train()
        optimizer.zero_grad()
        running, n_batches = 0.0, len(loader)
        for i, (a, b, same) in enumerate(loader):
            in_window = min(window, n_batches - i // window * window)
            loss = F.binary_cross_entropy_with_logits(model(a, b), same)
            (loss / in_window).backward()
            if (i + 1) % window == 0 or i + 1 == n_batches:
                optimizer.step()
                optimizer.zero_grad()
            running += loss.item()
        model.eval()
        with torch.no_grad():
            logit = model(valid.a, valid.b)
            val = F.binary_cross_entropy_with_logits(logit, valid.same).item()
            acc = ((logit > 0) == (valid.same > 0.5)).float().mean().item()
        if epoch % 3 == 2:
            print(f"epoch {epoch:2d} loss {running / n_batches:.4f} val {val:.4f} acc {acc:.3f}")


torch.manual_seed(61)
fit(Siamese(), DataLoader(QuestionPairs(3840, 1), batch_size=128, shuffle=True), QuestionPairs(600, 2))
