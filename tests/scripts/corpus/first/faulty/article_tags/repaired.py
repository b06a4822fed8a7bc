import argparse

import numpy as np
import torch
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import f1_score
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class TagModel(nn.Module):
    def __init__(self, n_words: int, n_tags: int, hidden: int):
        super().__init__()
        self.hidden = nn.Linear(n_words, hidden)
        self.norm = nn.LayerNorm(hidden)
        self.tags = nn.Linear(hidden, n_tags)

    def forward(self, bag):
        z = torch.relu(self.norm(self.hidden(bag)))
        return self.tags(z)


def load(seed):
    bag, tags = make_multilabel_classification(
        n_samples=3200, n_features=60, n_classes=8, n_labels=3, length=60, random_state=seed
    )
    bag = np.log1p(bag)
    data = TensorDataset(
        torch.tensor(bag, dtype=torch.float32), torch.tensor(tags, dtype=torch.float32)
    )
    return torch.utils.data.random_split(data, [2560, 640])


def top3_f1(model, dataset):
    bag, tags = dataset[:]
    with torch.no_grad():
        best = model(bag).topk(3, dim=1).indices
    guess = torch.zeros_like(tags).scatter_(1, best, 1.0)
    return f1_score(tags.numpy(), guess.numpy(), average="micro")


def main(argv=None):
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=8)
    ap.add_argument("--batch-size", type=int, default=64)
    ap.add_argument("--hidden", type=int, default=64)
    ap.add_argument("--lr", type=float, default=2e-3)
    ap.add_argument("--seed", type=int, default=42)
    args = ap.parse_args(argv)

    torch.manual_seed(args.seed)
    train_set, test_set = load(args.seed)
    loader = DataLoader(train_set, batch_size=args.batch_size, shuffle=True)
    model = TagModel(60, 8, args.hidden)
    loss_fn = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=1e-3)

    for epoch in range(args.epochs):
        model.train()
        seen = 0.0
        for bag, tags in loader:
            optimizer.zero_grad()
            loss = loss_fn(model(bag), tags)
            loss.backward()
            optimizer.step()
            seen += loss.item() * len(bag)
        model.eval()
        print(
            f"epoch {epoch + 1}: loss {seen / len(train_set):.4f}, "
            f"test F1 {top3_f1(model, test_set):.3f}"
        )


if __name__ == "__main__":
    main()
