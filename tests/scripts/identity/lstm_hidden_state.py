"""Truncated backpropagation through time: the LSTM state is carried from chunk to chunk."""

import argparse
import random

import numpy as np
import torch
from torch import nn


class Forecaster(nn.Module):
    def __init__(self, hidden_size=24):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden_size, num_layers=2, dropout=0.1, batch_first=True)
        self.gru = nn.GRUCell(hidden_size, hidden_size)
        self.proj = nn.Linear(hidden_size, 1)

    def forward(self, x, state=None):
        lstm_state, cell_state = (None, None) if state is None else state
        hidden, lstm_state = self.lstm(x, lstm_state)
        outputs = []
        for t in range(hidden.size(1)):
            cell_state = self.gru(hidden[:, t], cell_state)
            outputs.append(self.proj(cell_state))
        return torch.stack(outputs, dim=1), (lstm_state, cell_state)


def detach(state):
    if isinstance(state, torch.Tensor):
        return state.detach()
    return tuple(detach(s) for s in state)


def make_series(batch=6, length=8 * 16 + 1):
    t = torch.arange(length) * 0.15
    phase = torch.rand(batch, 1) * 6
    series = torch.sin(t + phase) + 0.5 * torch.sin(2.7 * t - phase)
    return (series + 0.02 * torch.randn(batch, length)).unsqueeze(-1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=0, help="no loader here")
    parser.add_argument("--out")
    parser.add_argument("--bptt", type=int, default=8)
    args = parser.parse_args()
    torch.set_num_threads(1)
    random.seed(19)
    np.random.seed(19)
    torch.manual_seed(19)

    series = make_series()
    model = Forecaster()
    criterion = nn.L1Loss()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    losses = []
    for epoch in range(2):
        state = None
        for start in range(0, series.size(1) - 1, args.bptt):
            x = series[:, start : start + args.bptt]
            y = series[:, start + 1 : start + args.bptt + 1]
            if state is not None:
                state = detach(state)
            prediction, state = model(x, state)
            loss = criterion(prediction, y)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_value_(model.parameters(), 0.5)
            optimizer.step()
            losses.append(loss.item())
            print(f"epoch {epoch} t={start} loss {loss.item()!r}")

    (h, c), cell = state

    from _digest import write_digest

    write_digest(
        args.out,
        models=[model],
        optimizers=[optimizer],
        losses=losses,
        extra={"h": h, "c": c, "cell": cell},
    )


if __name__ == "__main__":
    main()
