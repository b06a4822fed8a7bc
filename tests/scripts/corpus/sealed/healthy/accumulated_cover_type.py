from dataclasses import dataclass
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from sklearn.datasets import make_classification
from sklearn.preprocessing import StandardScaler


@dataclass
class Args:
    micro: int = 32
    accumulate: int = 4
    lr: float = 3e-3
    epochs: int = 9


class Trainer:
    def __init__(self, net, args):
        self.net, self.args = net, args
        self.opt = torch.optim.AdamW(net.parameters(), lr=args.lr, weight_decay=0.01)
        self.crit = nn.CrossEntropyLoss()
        self.updates = 0

    def epoch(self, loader):
        self.net.train()
        n, total = len(loader), 0.0
        for i, (x, y) in enumerate(loader):
            window_start = i - i % self.args.accumulate
            window = min(self.args.accumulate, n - window_start)
            loss = self.crit(self.net(x), y)
            (loss / window).backward()
            total += loss.item()
            if (i + 1) % self.args.accumulate == 0 or i + 1 == n:
                self.opt.step()
                self.opt.zero_grad()
                self.updates += 1
        return total / n

    @torch.no_grad()
    def score(self, loader):
        self.net.eval()
        hits = [(self.net(x).argmax(1) == y).float() for x, y in loader]
        return torch.cat(hits).mean().item()


torch.manual_seed(8)
args = Args()
x, y = make_classification(6500, 24, n_informative=12, n_redundant=4, n_classes=5, n_clusters_per_class=2, class_sep=1.5, random_state=8)
x, y = torch.tensor(StandardScaler().fit_transform(x), dtype=torch.float32), torch.tensor(y)
train = DataLoader(TensorDataset(x[:5500], y[:5500]), batch_size=args.micro, shuffle=True)
valid = DataLoader(TensorDataset(x[5500:], y[5500:]), batch_size=250)
net = nn.Sequential(nn.Linear(24, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 5))
tr = Trainer(net, args)
for ep in range(args.epochs):
    print(f"epoch {ep} train {tr.epoch(train):.4f} valid acc {tr.score(valid):.3f} updates {tr.updates}")
