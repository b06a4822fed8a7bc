"""Every change on several kinds of training: it does not apply, or the training goes on."""

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint
from torch.utils.data import DataLoader, TensorDataset

from unstuck.trials.changes import all_changes
from unstuck.trials.replay import NotApplicable

labels = torch.arange(40) % 3


def table():
    x = torch.randn(40, 6) * 3 + 5
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3))
    return model, x, labels, functional.cross_entropy, torch.optim.SGD


def images():
    x = torch.rand(40, 1, 8, 8)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(16, 3),
    )
    return model, x, labels, functional.cross_entropy, torch.optim.Adam


class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(11, 8)
        self.body = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2, enable_nested_tensor=False
        )
        self.head = nn.Linear(8, 3)

    def forward(self, tokens):
        return {"logits": self.head(self.body(self.table(tokens)).mean(1))}


def words():
    x = torch.randint(0, 11, (40, 5))
    return (
        Words(),
        x,
        labels,
        lambda out, y: functional.cross_entropy(out["logits"], y),
        torch.optim.AdamW,
    )


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = nn.LSTM(4, 8, batch_first=True), nn.Linear(8, 1)

    def forward(self, x):
        hidden, _ = self.body(x)
        return self.head(hidden[:, -1])


def signals():
    x = torch.randn(40, 7, 4)
    return Recurrent(), x, x.sum((1, 2))[:, None], functional.mse_loss, torch.optim.RMSprop


class Cell(nn.Module):
    """A recurrent cell by hand, with checkpoints; sequences of any length."""

    def __init__(self):
        super().__init__()
        self.inputs, self.hidden, self.gate = nn.Linear(4, 8), nn.Linear(8, 8), nn.Linear(8, 8)
        self.head = nn.Linear(8, 1)

    def step(self, x, h):
        new = torch.tanh(self.inputs(x) + self.hidden(h))
        kept = torch.sigmoid(self.gate(h))
        return kept * h + (1 - kept) * new

    def forward(self, x):
        h = x.new_zeros(len(x), 8)
        for moment in x[:, : torch.randint(3, 7, ()).item()].unbind(1):
            h = checkpoint(self.step, moment, h, use_reentrant=False)
        return torch.sigmoid(self.head(h))


def gates():
    x = torch.randn(40, 7, 4)
    y = (x.sum((1, 2)) > 0).float()[:, None]
    return Cell(), x, y, functional.binary_cross_entropy, torch.optim.SGD


class ByHand(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Parameter(torch.randn(6, 8) * 0.3)
        self.second = nn.Parameter(torch.randn(8, 3) * 0.3)
        self.bias = nn.Parameter(torch.zeros(3))

    def forward(self, x, *, scale):
        return (functional.dropout(torch.sigmoid(x @ self.first * scale), 0.2, self.training)) @ (
            self.second
        ) + self.bias


def by_hand():
    one_hot = functional.one_hot(labels, 3).float()
    return (
        ByHand(),
        torch.randn(40, 6),
        one_hot,
        functional.binary_cross_entropy_with_logits,
        torch.optim.Adagrad,
    )


SCRIPTS = [table, images, words, signals, gates, by_hand]


@pytest.mark.parametrize("name", all_changes())
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
def test_the_training_goes_on(live, script, name):
    torch.manual_seed(0)
    model, x, y, loss, kind = script()
    optimizer = kind(model.parameters(), lr=0.01, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.9**step)
    loader = DataLoader(TensorDataset(x, y), batch_size=16)
    keywords = {"scale": 2.0} if script is by_hand else {}
    replay = None
    try:
        for _ in range(3):
            model.train()
            for rows, targets in loader:
                if replay is None:
                    state = torch.get_rng_state()
                    replay = live(
                        model, optimizer, rows, change=name, loaders=[loader], keywords=keywords
                    )
                    assert torch.equal(state, torch.get_rng_state())
                optimizer.zero_grad()
                value = loss(model(rows, **keywords), targets)
                value.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                assert bool(torch.isfinite(value.detach()))
            schedule.step()
            model.eval()
            with torch.no_grad():
                assert bool(torch.isfinite(loss(model(x, **keywords), y)))
    except NotApplicable as reason:
        assert str(reason)  # noqa: PT017
    assert {p.device.type for p in model.parameters()} == {"cpu"}
