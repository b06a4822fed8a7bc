import torch
from torch import nn
import torch.nn.functional as F

VOCAB, LENGTH, TAGS = 60, 16, 8
torch.manual_seed(42)
gen = torch.Generator().manual_seed(42)
TAG_WORDS = torch.randperm(VOCAB, generator=gen)[:TAGS * 3].view(TAGS, 3)


def recipes(n):
    """Words drawn at random; a tag holds where one of its three key words occurs."""
    words = torch.randint(0, VOCAB, (n, LENGTH), generator=gen)
    tags = (words[:, :, None, None] == TAG_WORDS).any(-1).any(1)
    return words, tags.float()


class TagEncoder(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, dim)
        self.pos = nn.Parameter(0.02 * torch.randn(LENGTH, dim))
        layer = nn.TransformerEncoderLayer(dim, 4, 64, dropout=0.0, batch_first=True, norm_first=True)
        self.enc = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, TAGS)

    def forward(self, words):
        h = self.norm(self.enc(self.emb(words) + self.pos))
        return self.head(h.amax(dim=1))


def tag_loss(scores, tags):
    return F.binary_cross_entropy_with_logits(scores, tags)


words, tags = recipes(4000)
val_words, val_tags = recipes(800)
model = TagEncoder()
optim = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
for epoch in range(7):
    model.train()
    for idx in torch.randperm(len(words)).split(80):
        loss = tag_loss(model(words[idx]), tags[idx])
        optim.zero_grad()
        loss.backward()
        optim.step()
    model.eval()
    with torch.no_grad():
        hard = (model(val_words) > 0).float()
        tp = (hard * val_tags).sum()
        f1 = 2 * tp / (hard.sum() + val_tags.sum())
    print(f"epoch {epoch} loss {loss.item():.4f} tag F1 {f1.item():.3f} (mean tags {val_tags.sum(1).mean():.2f})")
