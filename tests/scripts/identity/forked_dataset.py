"""Dataset that prepares its samples in forked processes, once and again for every epoch."""

import argparse
import multiprocessing
import random

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

CONTEXT = multiprocessing.get_context("fork")


def spectrum(seed):
    """One noisy sine wave and the label of its frequency band."""
    rng = np.random.default_rng(seed)
    frequency = rng.uniform(1, 9)
    t = np.linspace(0, 1, 32, endpoint=False)
    wave = np.sin(2 * np.pi * frequency * t) + 0.1 * rng.standard_normal(32)
    return np.abs(np.fft.rfft(wave)).astype(np.float32), int(frequency // 3)


def send_gains(queue, epoch, size):
    queue.put(np.random.default_rng(epoch).uniform(0.8, 1.2, size).astype(np.float32))


class Spectra(Dataset):
    def __init__(self, size, processes=2):
        with CONTEXT.Pool(processes) as pool:
            samples = pool.map(spectrum, range(size), chunksize=20)
        self.features = np.stack([features for features, _ in samples])
        self.labels = np.array([label for _, label in samples])
        self.gains = np.ones(size, dtype=np.float32)

    def set_epoch(self, epoch):
        queue = CONTEXT.Queue()
        process = CONTEXT.Process(target=send_gains, args=(queue, epoch, len(self)))
        process.start()
        self.gains = queue.get()
        process.join()

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.features[index] * self.gains[index], self.labels[index]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--out")
    args = parser.parse_args()
    torch.set_num_threads(1)
    random.seed(32)
    np.random.seed(32)
    torch.manual_seed(32)

    dataset = Spectra(200)
    loader = DataLoader(dataset, batch_size=20, shuffle=True, num_workers=args.workers)
    model = nn.Sequential(nn.Linear(17, 24), nn.ReLU(), nn.Linear(24, 3))
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for epoch in range(3):
        dataset.set_epoch(epoch)
        for features, labels in loader:
            optimizer.zero_grad()
            loss = criterion(model(features), labels)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            print(f"epoch {epoch} loss {loss.item()!r}", flush=True)

    from _digest import write_digest

    write_digest(
        args.out,
        models=[model],
        optimizers=[optimizer],
        losses=losses,
        extra={"gains": dataset.gains},
    )


if __name__ == "__main__":
    main()
