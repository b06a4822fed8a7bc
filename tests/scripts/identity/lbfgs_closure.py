"""Logistic regression on the breast cancer data with LBFGS and strong Wolfe line search."""

import argparse
import random

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler


def main(out):
    features, labels = load_breast_cancer(return_X_y=True)
    x = torch.tensor(StandardScaler().fit_transform(features), dtype=torch.float32)
    y = torch.tensor(labels, dtype=torch.float32)

    model = torch.nn.Linear(x.shape[1], 1)
    optimizer = torch.optim.LBFGS(
        model.parameters(), lr=0.5, max_iter=4, history_size=5, line_search_fn="strong_wolfe"
    )
    evaluations = []

    def closure():
        optimizer.zero_grad()
        logits = model(x).squeeze(1)
        loss = F.binary_cross_entropy_with_logits(logits, y) + 1e-3 * model.weight.square().sum()
        loss.backward()
        evaluations.append(loss.item())
        return loss

    losses = []
    for step in range(25):
        loss = optimizer.step(closure)
        losses.append(loss.item())
        print(f"step {step:02d} loss {loss.item()!r} closure calls {len(evaluations)}")

    from _digest import write_digest

    write_digest(
        out,
        models=[model],
        optimizers=[optimizer],
        losses=losses,
        extra={"evaluations": evaluations},
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=0, help="unused: full batch")
    parser.add_argument("--out")
    args = parser.parse_args()
    torch.set_num_threads(1)
    random.seed(3)
    np.random.seed(3)
    torch.manual_seed(3)
    main(args.out)
