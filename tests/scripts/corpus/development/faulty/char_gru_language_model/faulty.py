"""Tiny character language model on a made-up grammar."""
import random
import torch
import torch.nn as nn

random.seed(1)
torch.manual_seed(1)

SUBJ = ["the cat", "a dog", "my neighbour", "the old man", "a bird"]
VERB = ["sees", "likes", "follows", "hears"]
OBJ = ["the moon", "a river", "the red house", "his hat", "some bread"]
ADV = ["today", "at night", "again", "slowly"]
text = " ".join(f"{random.choice(SUBJ)} {random.choice(VERB)} {random.choice(OBJ)} {random.choice(ADV)}." for _ in range(1500))
vocab = sorted(set(text))
stoi = {c: i for i, c in enumerate(vocab)}
ids = torch.tensor([stoi[c] for c in text])
split = int(0.9 * len(ids))
train_ids, val_ids = ids[:split], ids[split:]
BLOCK, BATCH, STEPS = 32, 24, 400


def get_batch(source):
    at = torch.randint(0, len(source) - BLOCK - 1, (BATCH,))
    x = torch.stack([source[i:i + BLOCK] for i in at])
    y = torch.stack([source[i + 1:i + BLOCK + 1] for i in at])
    return x, y


class CharModel(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.emb = nn.Embedding(n, 24)
        self.gru = nn.GRU(24, 64, batch_first=True)
        self.out = nn.Linear(64, n)

    def forward(self, x):
        h, _ = self.gru(self.emb(x))
        return self.out(h)


def lm_loss(model, x, y):
    return nn.functional.cross_entropy(model(x).reshape(-1, len(vocab)), y.reshape(-1))


model = CharModel(len(vocab))
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=STEPS)

for step in range(1, STEPS + 1):
    model.train()
    loss = lm_loss(model, *get_batch(train_ids))
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if step % 50 == 0:
        model.eval()
        with torch.no_grad():
            v = sum(lm_loss(model, *get_batch(val_ids)).item() for _ in range(5)) / 5
        print(f"step {step} train {loss.item():.3f} val {v:.3f} lr {optimizer.param_groups[0]['lr']:.2e}")
