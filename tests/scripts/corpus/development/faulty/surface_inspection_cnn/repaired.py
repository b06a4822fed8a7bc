import argparse
import torch
import torch.nn as nn
import torch.nn.functional as F

NAMES = ["plain", "scratch", "stain"]


def surfaces(n, gen):
    y = torch.multinomial(torch.tensor([0.57, 0.40, 0.03]), n, replacement=True, generator=gen)
    img = torch.randn(n, 1, 12, 12, generator=gen)
    rr, cc = torch.meshgrid(torch.arange(12.), torch.arange(12.), indexing="ij")
    for i in range(n):
        if y[i] == 1:
            r = torch.randint(1, 11, (1,), generator=gen).item()
            img[i, 0, r] += 1.8
        elif y[i] == 2:
            r, c = (torch.rand(2, generator=gen) * 5 + 3).tolist()
            img[i, 0] += 0.75 * torch.exp(-((rr - r) ** 2 + (cc - c) ** 2) / 6)
    return img, y


class Inspector(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, width, 5, padding=2), nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2),
        )
        self.drop = nn.Dropout(0.2)
        self.head = nn.Linear(width * 2, 3)

    def forward(self, x):
        h = self.body(x)
        return self.head(self.drop(torch.cat([h.mean((2, 3)), h.amax((2, 3))], 1)))


def validate(model, x, y, loss_fn):
    model.eval()
    with torch.no_grad():
        out = torch.cat([model(b) for b in x.split(500)])
    pred = out.argmax(1)
    recalls = " ".join(f"{n}={(pred[y == k] == k).float().mean():.2f}" for k, n in enumerate(NAMES))
    print(f"   val loss {loss_fn(out, y):.3f} accuracy {(pred == y).float().mean():.3f} recall {recalls}")


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=10)
    ap.add_argument("--lr", type=float, default=3e-3)
    args = ap.parse_args()
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(12)
    x, y = surfaces(5000, gen)
    xv, yv = surfaces(2000, gen)
    model = Inspector()
    opt = torch.optim.Adam(model.parameters(), lr=args.lr, weight_decay=1e-4)
    count = torch.bincount(y, minlength=3).float()
    loss_fn = nn.CrossEntropyLoss(weight=count.sum() / (3 * count))
    for epoch in range(args.epochs):
        model.train()
        losses = []
        for idx in torch.randperm(len(x)).split(100):
            opt.zero_grad()
            loss = loss_fn(model(x[idx]), y[idx])
            loss.backward()
            opt.step()
            losses.append(loss.item())
        print("epoch", epoch, "train loss %.3f" % (sum(losses) / len(losses)))
        validate(model, xv, yv, loss_fn)


main()
