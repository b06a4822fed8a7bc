"""DataLoader whose workers are started with the spawn method."""

import argparse
import random

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, get_worker_info


class NoisyPolynomial(Dataset):
    """Points of a cubic; the noise comes from the random state of the loading process."""

    def __init__(self, size):
        self.grid = np.linspace(-1, 1, size, dtype=np.float32)

    def __len__(self):
        return len(self.grid)

    def __getitem__(self, index):
        x = float(self.grid[index])
        noise = 0.02 * torch.randn(1) + 0.01 * float(np.random.randn()) + 0.001 * random.random()
        features = torch.tensor([x, x * x])
        worker = get_worker_info()
        return features, x**3 - 0.5 * x + noise, -1 if worker is None else worker.id


def seed_worker(worker_id):
    seed = torch.initial_seed() % 2**32
    np.random.seed(seed)
    random.seed(seed)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--out")
    args = parser.parse_args()
    torch.set_num_threads(1)
    random.seed(17)
    np.random.seed(17)
    torch.manual_seed(17)

    spawn = args.workers > 0
    loader = DataLoader(
        NoisyPolynomial(160),
        batch_size=16,
        shuffle=True,
        num_workers=args.workers,
        multiprocessing_context="spawn" if spawn else None,
        persistent_workers=spawn,
        worker_init_fn=seed_worker if spawn else None,
    )
    model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    criterion = nn.MSELoss()
    losses, loaded_by = [], []
    for epoch in range(3):
        for features, target, worker in loader:
            optimizer.zero_grad()
            loss = criterion(model(features), target)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            loaded_by.append(sorted(set(worker.tolist())))
            print(f"epoch {epoch} worker {loaded_by[-1]} loss {loss.item()!r}")

    from _digest import write_digest

    write_digest(
        args.out,
        models=[model],
        optimizers=[optimizer],
        losses=losses,
        extra={"loaded_by": loaded_by},
    )


if __name__ == "__main__":
    main()
