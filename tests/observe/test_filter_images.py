"""The probe of the first convolution, held against the weights themselves."""

import pytest
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, channels=1, size=3, filters=4):
        super().__init__()
        self.stem = nn.Conv2d(channels, filters, size)
        self.head = nn.LazyLinear(10)

    def forward(self, x):
        return self.head(torch.relu(self.stem(x)).flatten(1))


def watched(watching, train, net, channels):
    x, y = torch.randn(8, channels, 14, 14), torch.arange(8) % 10
    net(x)
    first = net.stem.weight.detach().clone()
    with watching() as made:
        train(net, x, y, steps=5)
    return made.facts.families.get("filter_images"), first


@pytest.mark.parametrize(("channels", "size", "filters"), [(1, 3, 4), (3, 5, 40), (4, 11, 2)])
def test_the_first_filters_are_kept_as_they_were(watching, train, channels, size, filters):
    net = Net(channels, size, filters)
    record, first = watched(watching, train, net, channels)
    assert record["name"].endswith("stem")
    assert (record["channels"], record["filters"], record["rows"]) == (channels, filters, size)
    kept = torch.tensor(record["looks"][0]["weights"])
    assert kept.shape == (min(filters, 32), size * size)
    torch.testing.assert_close(kept, first[:32].mean(1).flatten(1), rtol=1e-3, atol=1e-6)


def test_the_newest_look_is_later_and_differs(watching, train):
    record, _ = watched(watching, train, Net(), 1)
    first, newest = record["looks"]
    assert first["step"] == 0 < newest["step"]
    assert first["weights"] != newest["weights"]


@pytest.mark.parametrize(("channels", "size"), [(8, 3), (1, 1), (1, 13)])
def test_what_is_no_picture_is_not_recorded(watching, train, channels, size):
    assert watched(watching, train, Net(channels, size), channels)[0] is None
