import torch
import torch.nn as nn

torch.manual_seed(901)
ALPHABET, B, SEG = 8, 24, 20
trans = torch.softmax(2.5 * torch.randn(ALPHABET, ALPHABET, ALPHABET), -1)


def stream(length):
    a, b = torch.randint(0, ALPHABET, (2, B))
    out = []
    for _ in range(length):
        c = torch.multinomial(trans[a, b], 1)[:, 0]
        out.append(c)
        a, b = b, c
    return torch.stack(out, 1)


class CharModel(nn.Module):
    def __init__(self, h=40):
        super().__init__()
        self.emb = nn.Embedding(ALPHABET, 16)
        self.gru = nn.GRU(16, h, batch_first=True)
        self.out = nn.Linear(h, ALPHABET)

    def forward(self, x, state=None):
        y, state = self.gru(self.emb(x), state)
        return self.out(y), state


text = stream(SEG * 60 + 1)
val = stream(SEG * 10 + 1)
model = CharModel()
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
ce = nn.CrossEntropyLoss()
for epoch in range(5):
    model.train()
    state, total = None, 0.0
    for k in range(60):
        x, y = text[:, k * SEG:(k + 1) * SEG], text[:, k * SEG + 1:(k + 1) * SEG + 1]
        logits, state = model(x, state)
        state = state.detach()
        loss = ce(logits.reshape(-1, ALPHABET), y.reshape(-1))
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        total += loss.item()
    model.eval()
    with torch.no_grad():
        logits, _ = model(val[:, :-1])
        v = ce(logits.reshape(-1, ALPHABET), val[:, 1:].reshape(-1)).item()
    print(f"epoch {epoch}: train {total / 60:.4f} val {v:.4f}")
