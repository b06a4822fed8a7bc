import copy
import torch
import torch.nn as nn
from sklearn.datasets import make_moons


class EMA:
    def __init__(self, model, decay=0.98):
        self.decay = decay
        self.shadow = copy.deepcopy(model).eval().requires_grad_(False)

    @torch.no_grad()
    def update(self, model):
        for s, p in zip(self.shadow.parameters(), model.parameters()):
            s.lerp_(p, 1 - self.decay)


def main():
    torch.manual_seed(66)
    x, y = make_moons(4000, noise=0.22, random_state=66)
    x = torch.tensor((x - x.mean(0)) / x.std(0), dtype=torch.float32)
    y = torch.tensor(y, dtype=torch.float32)
    xt, yt, xv, yv = x[:3200], y[:3200], x[3200:], y[3200:]
    net = nn.Sequential(nn.Linear(2, 40), nn.ReLU(), nn.Linear(40, 40), nn.ReLU(), nn.Linear(40, 1), nn.Flatten(0))
    ema = EMA(net)
    opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    bce = nn.BCEWithLogitsLoss()
    for epoch in range(8):
        losses = []
        for idx in torch.randperm(len(xt)).split(64):
            opt.zero_grad()
            loss = bce(net(xt[idx]), yt[idx])
            loss.backward()
            opt.step()
            ema.update(net)
            losses.append(loss.item())
        with torch.no_grad():
            raw = ((net(xv) > 0).float() == yv).float().mean().item()
            avg = ((ema.shadow(xv) > 0).float() == yv).float().mean().item()
        print(f"epoch {epoch}: loss {sum(losses) / len(losses):.4f} raw acc {raw:.4f} ema acc {avg:.4f}")


main()
