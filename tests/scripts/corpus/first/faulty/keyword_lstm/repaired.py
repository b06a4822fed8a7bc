import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1234)

START, FILL, KEYS, LEN = 0, 20, 6, 16
n = 2240

# every line: start token, filler tokens, and somewhere among them one keyword
seq = torch.randint(1, FILL + 1, (n, LEN))
seq[:, 0] = START
label = torch.randint(0, KEYS, (n,))
where = torch.randint(1, LEN, (n,))
seq[torch.arange(n), where] = FILL + 1 + label


class KeywordNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(FILL + 1 + KEYS, 24)
        self.lstm = nn.LSTM(24, 48, batch_first=True)
        self.cls = nn.Linear(48, KEYS)

    def forward(self, s):
        out, _ = self.lstm(self.emb(s))
        return self.cls(out[:, -1])


net = KeywordNet()
adam = torch.optim.Adam(net.parameters(), lr=6e-3)
dl = DataLoader(TensorDataset(seq, label), batch_size=64, shuffle=True)

for epoch in range(8):
    s, c = 0.0, 0
    for xb, yb in dl:
        adam.zero_grad()
        logits = net(xb)
        loss = F.cross_entropy(logits, yb)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        adam.step()
        s += loss.item()
        c += (logits.argmax(1) == yb).sum().item()
    print(f"{epoch} loss={s / len(dl):.4f} acc={c / n:.3f}")
