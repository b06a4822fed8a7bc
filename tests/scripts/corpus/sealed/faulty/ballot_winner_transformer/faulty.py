"""Who wins?  A roll of votes for four candidates; token 4 cancels the vote just before it."""
import torch
import torch.nn as nn
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, TensorDataset

L, CANDIDATES, CANCEL = 16, 4, 4


def rolls(n, g):
    ids = torch.randint(CANDIDATES, (4 * n, L), generator=g)
    cancel = torch.rand(4 * n, L, generator=g) < 0.15
    cancel[:, 0] = False
    cancel[:, 1:] &= ~cancel[:, :-1]
    ids[cancel] = CANCEL
    void = torch.zeros_like(cancel)
    void[:, :-1] = cancel[:, 1:]
    counts = nn.functional.one_hot(ids.masked_fill(void, CANCEL), CANDIDATES + 1)[..., :CANDIDATES].sum(1)
    best = counts.topk(2, dim=1)
    clear = best.values[:, 0] > best.values[:, 1]
    return ids[clear][:n], best.indices[clear, 0][:n]


class RollNet(nn.Module):
    def __init__(self, dim=32, heads=4, layers=2):
        super().__init__()
        self.tok = nn.Embedding(CANDIDATES + 1, dim)
        self.pos = nn.Parameter(0.5 * torch.randn(L, dim))
        layer = nn.TransformerEncoderLayer(dim, heads, 64, dropout=0.0, activation="gelu", batch_first=True, norm_first=True)
        self.enc = nn.TransformerEncoder(layer, layers, norm=nn.LayerNorm(dim), enable_nested_tensor=False)
        self.cls = nn.Linear(dim, CANDIDATES)

    def forward(self, ids):
        return self.cls(self.enc(self.tok(ids) + self.pos).mean(1))


def main(epochs=10, batch=64, peak=3e-3):
    g = torch.Generator().manual_seed(7)
    torch.manual_seed(7)
    train = TensorDataset(*rolls(2560, g))
    test_x, test_y = rolls(400, g)
    loader = DataLoader(train, batch_size=batch, shuffle=True)
    model = RollNet()
    optimizer = torch.optim.AdamW(model.parameters(), lr=peak, weight_decay=0.01)
    total = epochs * len(loader)
    warm = total // 10

    def factor(step):
        if step < warm:
            return (step + 1) / warm
        return max(0.02, (total - step) / (total - warm))

    schedule = LambdaLR(optimizer, factor)
    for epoch in range(epochs):
        model.train()
        seen = 0.0
        for ids, label in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(ids), label)
            loss.backward()
            optimizer.step()
            seen += loss.item()
        schedule.step()
        model.eval()
        with torch.no_grad():
            out = model(test_x)
        print(f"epoch {epoch:2d} lr {schedule.get_last_lr()[0]:.5f} loss {seen / len(loader):.3f} "
              f"test {nn.functional.cross_entropy(out, test_y).item():.3f} acc {(out.argmax(1) == test_y).float().mean().item():.3f}")


main()
