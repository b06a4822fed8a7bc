import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


class GlyphDataset(Dataset):
    """16x16 greyscale camera crops of four glyphs, stored as uint8."""

    def __init__(self, count, seed):
        rng = np.random.default_rng(seed)
        self.labels = rng.integers(0, 4, count)
        self.images = np.empty((count, 16, 16), np.uint8)
        for i, lab in enumerate(self.labels):
            img = rng.normal(110, 30, (16, 16))
            r, c = rng.integers(1, 7, 2)
            ink = rng.uniform(40, 90)
            if lab == 0:
                img[r:r + 8, c + 3:c + 5] += ink
            elif lab == 1:
                img[r + 3:r + 5, c:c + 8] += ink
            elif lab == 2:
                img[r:r + 8, c + 3:c + 5] += ink
                img[r + 3:r + 5, c:c + 8] += ink
            else:
                for k in range(8):
                    img[r + k, c + k] += 1.6 * ink
            self.images[i] = np.clip(img, 0, 255)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        x = torch.from_numpy(self.images[i]).unsqueeze(0).float()
        return x, int(self.labels[i])


class SmallCNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 12, 3, padding=1)
        self.c2 = nn.Conv2d(12, 24, 3, padding=1)
        self.out = nn.Linear(24, 4)

    def forward(self, x):
        x = F.max_pool2d(F.leaky_relu(self.c1(x), 0.1), 2)
        x = F.leaky_relu(self.c2(x), 0.1)
        return self.out(x.amax((2, 3)))


def main():
    torch.manual_seed(21)
    train_dl = DataLoader(GlyphDataset(2400, 0), batch_size=40, shuffle=True, num_workers=0)
    val_dl = DataLoader(GlyphDataset(600, 1), batch_size=200)
    model = SmallCNN()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(8):
        model.train()
        total = 0.0
        for x, y in train_dl:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item()
        model.eval()
        good = 0
        with torch.no_grad():
            for x, y in val_dl:
                good += (model(x).argmax(1) == y).sum().item()
        print(f"Epoch {epoch + 1}: train {total / len(train_dl):.4f}, val acc {good / 600:.3f}")


if __name__ == "__main__":
    main()
