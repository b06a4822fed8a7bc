import argparse
import torch
import torch.nn as nn
from sklearn.datasets import load_digits


def get_args():
    p = argparse.ArgumentParser()
    p.add_argument("--code", type=int, default=16)
    p.add_argument("--hidden", type=int, default=64)
    p.add_argument("--lr", type=float, default=0.5)
    p.add_argument("--clip", type=float, default=3.0)
    p.add_argument("--iters", type=int, default=450)
    return p.parse_args()


class Compressor(nn.Module):
    def __init__(self, hidden, code):
        super().__init__()
        self.w1 = nn.Linear(64, hidden)
        self.w2 = nn.Linear(hidden, code)
        self.w3 = nn.Linear(code, hidden)
        self.w4 = nn.Linear(hidden, 64)
        for w in (self.w1, self.w2, self.w3, self.w4):
            nn.init.normal_(w.weight, std=w.in_features ** -0.5)
            nn.init.zeros_(w.bias)

    def forward(self, x):
        code = self.w2(torch.tanh(self.w1(x)))
        return {"code": code, "rec": self.w4(torch.tanh(self.w3(code)))}


def main():
    args = get_args()
    torch.manual_seed(52)
    x = torch.tensor(load_digits().data, dtype=torch.float32)
    x = (x - x.mean(0)) / (x.std(0) + 1.0)
    x = x[torch.randperm(len(x))]
    train, test = x[:1500], x[1500:]
    net = Compressor(args.hidden, args.code)
    opt = torch.optim.SGD(net.parameters(), lr=args.lr, momentum=0.9)
    for it in range(args.iters):
        xb = train[torch.randint(0, 1500, (64,))]
        loss = ((net(xb)["rec"] - xb) ** 2).mean()
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), args.clip)
        opt.step()
        if it % 50 == 0:
            with torch.no_grad():
                t = ((net(test)["rec"] - test) ** 2).mean().item()
            print(f"{it} train {loss.item():.4f} test {t:.4f} variance {test.var().item():.4f}")


if __name__ == "__main__":
    main()
