"""torch's Datasets and iterables of pairs as examples."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset

from unstuck.fit import limits
from unstuck.fit.readers import Wish, arrays, read

PAIRS = [(torch.tensor([float(i), 1.0]), i % 2) for i in range(6)]


class Few(Dataset):
    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, place):
        return self.items[place % len(self.items)]  # never ends by itself


class Stream(IterableDataset):
    def __iter__(self):
        return iter(PAIRS)


whole = TensorDataset(torch.stack([x for x, _ in PAIRS]), torch.tensor([y for _, y in PAIRS]))


@pytest.mark.parametrize(
    "data",
    [
        Few(PAIRS),
        Stream(),
        PAIRS,
        iter(PAIRS),
        (pair for pair in PAIRS),
        whole,
        Subset(whole, range(6)),
        DataLoader(whole, 4),
    ],
)
def test_pairs(data):
    examples = read(data, Wish())
    assert examples.inputs.values.tolist() == [[i, 1.0] for i in range(6)]
    assert examples.targets.tolist() == [0, 1] * 3


def test_the_tensors_of_a_dataset_are_not_copied():
    assert np.shares_memory(read(whole, Wish()).inputs.values, whole.tensors[0].numpy())


def test_images_have_their_channels_in_front():
    pairs = [(Image.new("RGB", (8, 6), (1, 2, 3)), "a"), (Image.new("RGB", (8, 6)), "b")]
    values = read(Few(pairs), Wish()).inputs.values
    assert values.shape == (2, 3, 6, 8)
    assert values[0, :, 0, 0].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    "targets", [[[0, 1], [1, 1]], [torch.tensor([0, 1]), torch.tensor([1, 1])]]
)
def test_several_targets(targets):
    examples = read(Few([(torch.ones(2), y) for y in targets]), Wish())
    assert examples.targets.tolist() == [[0, 1], [1, 1]]


def test_inputs_alone_to_predict_for():
    examples = read(Few([x for x, _ in PAIRS]), Wish(predicting=True))
    assert (len(examples), examples.targets) == (6, None)


def test_what_does_not_fit_is_refused_at_its_first_example(monkeypatch):
    monkeypatch.setattr(limits, "room", lambda: 100)
    data = Few([(torch.ones(100), 0)] * 5)
    with pytest.raises(arrays.BadData, match="the Few needs 2 kB"):
        read(data, Wish())
