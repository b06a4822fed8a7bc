"""A search inside a watched training is not taken for the training."""

import torch
from torch import nn
from torch.nn import functional

import unstuck


def test_a_search_is_not_part_of_the_watched_run():
    torch.manual_seed(0)
    x = torch.randn(128, 6)
    y = (x[:, 0] > 0).long()
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 2))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    batches = [(x[at : at + 32], y[at : at + 32]) for at in range(0, 128, 32)]
    with unstuck.watch(model, optimizer) as run:
        unstuck.find_learning_rate(model, optimizer, functional.cross_entropy, batches)
        for inputs, targets in batches * 2:
            loss = functional.cross_entropy(model(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    assert run.record.script.steps == 8
