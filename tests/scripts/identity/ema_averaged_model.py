"""Weight averaging: a deep-copied EMA teacher next to torch.optim.swa_utils.AveragedModel."""

import argparse
import copy
import random

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import make_moons
from torch.optim.swa_utils import SWALR, AveragedModel, get_ema_multi_avg_fn, update_bn
from torch.utils.data import DataLoader, TensorDataset


def make_student():
    return nn.Sequential(
        nn.Linear(2, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 2)
    )


@torch.no_grad()
def update_teacher(teacher, student, decay):
    for t, s in zip(teacher.parameters(), student.parameters(), strict=True):
        t.mul_(decay).add_(s, alpha=1 - decay)
    for t, s in zip(teacher.buffers(), student.buffers(), strict=True):
        t.copy_(s)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--out")
    args = parser.parse_args()
    torch.set_num_threads(1)
    random.seed(10)
    np.random.seed(10)
    torch.manual_seed(10)

    points, labels = make_moons(n_samples=320, noise=0.15)
    dataset = TensorDataset(torch.tensor(points, dtype=torch.float32), torch.tensor(labels))
    loader = DataLoader(dataset, batch_size=32, shuffle=True, num_workers=args.workers)

    student = make_student()
    teacher = copy.deepcopy(student).requires_grad_(False).eval()
    swa_model = AveragedModel(student)
    ema_model = AveragedModel(student, multi_avg_fn=get_ema_multi_avg_fn(0.9), use_buffers=True)
    optimizer = torch.optim.Adam(student.parameters(), lr=0.01)
    swa_scheduler = SWALR(optimizer, swa_lr=0.005, anneal_epochs=2)

    losses = []
    for epoch in range(4):
        for x, y in loader:
            logits = student(x)
            with torch.no_grad():
                soft = teacher(x).softmax(dim=1)
            loss = F.cross_entropy(logits, y)
            loss = loss + 0.1 * F.kl_div(logits.log_softmax(1), soft, reduction="batchmean")
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            update_teacher(teacher, student, decay=0.95)
            ema_model.update_parameters(student)
            losses.append(loss.item())
            print(f"epoch {epoch} loss {loss.item()!r}")
        if epoch >= 1:
            swa_model.update_parameters(student)
            swa_scheduler.step()
    update_bn(loader, swa_model)

    best = copy.deepcopy(swa_model.module).eval()
    with torch.no_grad():
        predictions = [m.eval()(dataset.tensors[0]) for m in (best, teacher, ema_model)]

    from _digest import write_digest

    write_digest(
        args.out,
        models=[student, teacher, swa_model, ema_model, best],
        optimizers=[optimizer],
        losses=losses,
        extra={"predictions": predictions, "rate": swa_scheduler.get_last_lr()},
    )


if __name__ == "__main__":
    main()
