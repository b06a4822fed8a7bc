import pytest
import torch
from torch import nn

from unstuck.trials.changes import all_changes
from unstuck.trials.replay import NotApplicable, Replay


class Told(nn.Module):
    """Keeps what it was called with."""

    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.ModuleList(layers or [nn.Linear(3, 1)])
        self.seen = []

    def forward(self, *arguments, **keywords):
        self.seen.append((arguments, keywords))
        return self.layers[0].weight.sum()


torch.manual_seed(0)
table = torch.tensor([[1.0, 200.0, 5.0]]) + torch.randn(32, 3) * torch.tensor([1.0, 50.0, 0.0])
images = torch.rand(8, 2, 5, 5) * 255


def is_standard(tensor, dimensions):
    mean, deviation = tensor.mean(dimensions), tensor.std(dimensions, unbiased=False)
    return torch.allclose(mean, torch.zeros_like(mean), atol=1e-4) and torch.allclose(
        deviation, torch.ones_like(deviation), atol=1e-3
    )


def test_each_feature_is_scaled_and_a_constant_one_is_only_shifted(live):
    model = Told()
    live(model, [], table, change="scale-inputs")
    model(table)
    seen = model.seen[0][0][0]
    assert is_standard(seen[:, :2], 0)
    assert seen[:, 2].abs().max() < 1e-5


def test_each_channel_of_images_is_scaled(live):
    model = Told()
    live(model, [], images, change="scale-inputs")
    model(images)
    assert is_standard(model.seen[0][0][0], (0, 2, 3))


@pytest.mark.parametrize(
    ("layers", "dimensions"), [([nn.Conv1d(3, 2, 1)], (0, 2)), ([nn.Linear(4, 2)], (0, 1))]
)
def test_sequences_are_scaled_along_what_the_model_takes_for_features(live, layers, dimensions):
    signals = torch.randn(16, 3, 4) * 7 + 40
    model = Told(*layers)
    live(model, [], signals, change="scale-inputs")
    model(signals)
    assert is_standard(model.seen[0][0][0], dimensions)


def test_later_batches_are_scaled_by_the_first_and_integers_stay(live):
    model = Told()
    tokens = torch.arange(6)
    given = {"table": table, "tokens": tokens}
    live(model, [], given, change="scale-inputs", keywords={"extra": [table, "word"]})
    model(given, extra=[table, "word"])
    model({"table": table[:5] + 1, "tokens": tokens}, extra=[table, "word"])
    (first,), keywords = model.seen[0]
    (second,), _ = model.seen[1]
    assert torch.equal(first["tokens"], tokens)
    assert is_standard(first["table"][:, :2], 0)
    assert is_standard(keywords["extra"][0][:, :2], 0)
    assert keywords["extra"][1] == "word"
    difference = second["table"] - first["table"][:5]
    assert torch.allclose(
        difference[:, 0], 1 / table.std(0, unbiased=False)[0].expand(5), atol=1e-4
    )
    assert torch.equal(given["table"], table)


def test_another_model_gets_what_it_was_given(live):
    first, second = Told(), nn.Linear(3, 1)
    live([second, first], [], table, change="scale-inputs")
    plain = nn.functional.linear(table, second.weight, second.bias)
    assert torch.equal(second(table), plain)


@pytest.mark.parametrize(
    "given", [torch.arange(6), (torch.randn(4000, 2) - 0.0), torch.ones(4, 3), torch.tensor(3.0)]
)
def test_nothing_to_scale(given):
    with pytest.raises(NotApplicable):
        all_changes()["scale-inputs"](Replay([nn.Linear(3, 1)], [], arguments=(given,)))
