"""Binary weights with a straight-through estimator written as autograd Functions."""

import argparse
import random

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer
from torch.utils.data import DataLoader, TensorDataset


class SignSTE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, weight):
        ctx.save_for_backward(weight)
        return weight.sign()

    @staticmethod
    def backward(ctx, grad_output):
        (weight,) = ctx.saved_tensors
        return grad_output * (weight.abs() <= 1)


class HingeLoss(torch.autograd.Function):
    @staticmethod
    def forward(ctx, scores, targets, margin):
        slack = (margin - scores * targets).clamp(min=0)
        ctx.save_for_backward(slack, targets)
        ctx.mark_non_differentiable(active := slack > 0)
        return slack.mean(), active

    @staticmethod
    def backward(ctx, grad_loss, _grad_active):
        slack, targets = ctx.saved_tensors
        return -grad_loss * targets * (slack > 0) / slack.numel(), None, None


class BinaryLinear(nn.Linear):
    def forward(self, x):
        scale = self.weight.abs().mean(dim=1)
        return nn.functional.linear(x, SignSTE.apply(self.weight)) * scale + self.bias


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--out")
    args = parser.parse_args()
    torch.set_num_threads(1)
    random.seed(28)
    np.random.seed(28)
    torch.manual_seed(28)

    x, y = load_breast_cancer(return_X_y=True)
    x = torch.tensor((x - x.mean(0)) / x.std(0), dtype=torch.float32)
    y = torch.tensor(2.0 * y - 1.0, dtype=torch.float32)
    loader = DataLoader(TensorDataset(x, y), batch_size=64, shuffle=True, num_workers=args.workers)
    model = nn.Sequential(BinaryLinear(30, 32), nn.Hardtanh(), BinaryLinear(32, 1), nn.Flatten(0))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    losses, active_counts = [], []
    for _ in range(4):
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss, active = HingeLoss.apply(model(inputs), targets, 1.0)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            active_counts.append(int(active.sum()))
            print(f"hinge {loss.item()!r} active {active_counts[-1]}")

    from _digest import write_digest

    write_digest(
        args.out,
        models=[model],
        optimizers=[optimizer],
        losses=losses,
        extra={"active": active_counts},
    )


if __name__ == "__main__":
    main()
