import pytest
import torch
from torch import nn

from unstuck.trials.changes import all_changes
from unstuck.trials.replay import NotApplicable, Replay

torch.manual_seed(0)
x = torch.randn(16, 4)


class Told(nn.Sequential):
    """Keeps the modes it was called in."""

    def __init__(self, *layers):
        super().__init__(*layers)
        self.seen = []

    def forward(self, x):
        self.seen.append((self.training, self[1].training))
        return super().forward(x)


def net():
    return Told(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))


def test_evaluation_mode_in_training_is_left(live):
    model = net().eval()
    live(model, [], x, change="set-mode")
    model(x)
    with torch.no_grad():
        model(x)
    model(x)
    assert model.seen == [(True, True), (False, False), (True, True)]


def test_training_mode_in_validation_too_and_a_frozen_part_stays_frozen(live):
    model = net()
    model[1].eval()
    live(model, [], x, change="set-mode")
    model(x)
    with torch.no_grad():
        model(x)
    model(x)
    assert model.seen == [(True, False), (False, False), (True, False)]


def test_what_the_script_sets_rightly_stays(live):
    model = net()
    live(model, [], x, change="set-mode")
    model(x)
    model.eval()
    with torch.no_grad():
        model(x)
    model.train()
    model[1].eval()
    model(x)
    assert model.seen == [(True, True), (False, False), (True, False)]


def test_a_frozen_batch_norm_keeps_its_statistics(live):
    model = net()
    model[1].requires_grad_(False)
    live(model, [], x, change="keep-batch-norm-frozen")
    model.train()
    before = model[1].running_mean.clone()
    model(x)
    assert torch.equal(before, model[1].running_mean)
    assert model.seen == [(True, False)]


def test_no_batch_norm_is_frozen():
    with pytest.raises(NotApplicable):
        all_changes()["keep-batch-norm-frozen"](Replay([net()], []))
