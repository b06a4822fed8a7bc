"""TransformerEncoder over padded sequences, validated in eval mode under no_grad."""

import argparse
import random

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

PAD = 0


class CountDataset(Dataset):
    """Sequences of tokens; the label says which of two marker tokens is more frequent."""

    def __init__(self, size, seed, vocabulary=12, max_length=14):
        rng = random.Random(seed)
        self.samples = []
        for _ in range(size):
            length = rng.randint(6, max_length)
            tokens = [rng.randint(1, vocabulary - 1) for _ in range(length)]
            self.samples.append((tokens, int(tokens.count(1) > tokens.count(2))))

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        return self.samples[index]


def collate(samples):
    tokens, labels = zip(*samples, strict=True)
    padded = nn.utils.rnn.pad_sequence(
        [torch.tensor(t) for t in tokens], batch_first=True, padding_value=PAD
    )
    return padded, torch.tensor(labels)


class Classifier(nn.Module):
    def __init__(self, vocabulary=12, d_model=32, max_length=14):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, d_model, padding_idx=PAD)
        self.positions = nn.Parameter(0.02 * torch.randn(max_length, d_model))
        layer = nn.TransformerEncoderLayer(
            d_model, nhead=4, dim_feedforward=64, dropout=0.1, batch_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, num_layers=2)
        pre_norm = nn.TransformerEncoderLayer(
            d_model, 4, 64, dropout=0.1, activation="gelu", batch_first=True, norm_first=True
        )
        self.refiner = nn.TransformerEncoder(pre_norm, num_layers=1, enable_nested_tensor=False)
        self.head = nn.Linear(d_model, 2)

    def forward(self, x):
        mask = x == PAD
        hidden = self.tokens(x) + self.positions[: x.size(1)]
        hidden = self.encoder(hidden, src_key_padding_mask=mask)
        hidden = self.refiner(hidden, src_key_padding_mask=mask)
        hidden = hidden.masked_fill(mask.unsqueeze(-1), 0.0).sum(dim=1)
        return self.head(hidden / (~mask).sum(dim=1, keepdim=True))


def validate(model, loader, criterion):
    model.eval()
    outputs, losses = [], []
    with torch.no_grad():
        for x, y in loader:
            logits = model(x)
            outputs.append(logits)
            losses.append(criterion(logits, y).item())
    return torch.cat(outputs), losses


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--out")
    args = parser.parse_args()
    random.seed(20)
    np.random.seed(20)
    torch.manual_seed(20)
    torch.set_num_threads(1)

    loader_options = {"collate_fn": collate, "num_workers": args.workers}
    train = DataLoader(CountDataset(160, 1), batch_size=16, shuffle=True, **loader_options)
    valid = DataLoader(CountDataset(48, 2), batch_size=16, **loader_options)
    model = Classifier()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    losses, validation = [], []
    for epoch in range(3):
        model.train()
        for x, y in train:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            print(f"epoch {epoch} train {loss.item()!r}")
        outputs, valid_losses = validate(model, valid, criterion)
        validation.append(outputs)
        losses.extend(valid_losses)
        for value in valid_losses:
            print(f"epoch {epoch} valid {value!r}")

    from _digest import write_digest

    write_digest(
        args.out,
        models=[model],
        optimizers=[optimizer],
        losses=losses,
        extra={"validation": validation},
    )


if __name__ == "__main__":
    main()
