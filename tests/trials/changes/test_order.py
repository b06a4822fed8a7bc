from collections import deque

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset, TensorDataset

from unstuck.trials.changes import all_changes
from unstuck.trials.replay import NotApplicable, Replay

labels = torch.cat([torch.zeros(90), torch.ones(10)]).long()
table = TensorDataset(torch.arange(100.0), labels)


class Named(Dataset):
    targets = labels.tolist()

    def __len__(self):
        return 100

    def __getitem__(self, at):
        return float(at), self.targets[at]


def apply(change, *loaders, seed=0):
    replay = Replay([nn.Identity()], [], loaders=list(loaders), seed=seed)
    return all_changes()[change](replay)


def rows(batches):
    return [int(row) for batch in batches for row in batch[0]]


def test_the_rest_of_the_epoch_and_all_later_ones_are_shuffled():
    loader = DataLoader(table, batch_size=10)
    iterator = iter(loader)
    first = next(iterator)
    state = torch.get_rng_state()
    assert apply("shuffle", loader) == "1 DataLoader shuffled"
    assert torch.equal(state, torch.get_rng_state())
    rest = list(iterator)
    assert [len(batch[0]) for batch in rest] == [10] * 9
    seen = rows([first, *rest])
    assert sorted(seen) == list(range(100))
    assert seen[10:] != sorted(seen[10:])
    again = rows(loader)
    assert sorted(again) == list(range(100))
    assert again != sorted(again)


def test_only_the_loader_under_way_is_shuffled():
    training, validation = (DataLoader(table, batch_size=10) for _ in "ab")
    iterator = iter(training)
    next(iterator)
    apply("shuffle", training, validation)
    assert rows(validation) == list(range(100))
    assert rows(training) != list(range(100))


def test_indices_that_were_drawn_ahead_are_shuffled_too():
    loader = DataLoader(table, batch_size=10)
    iterator = iter(loader)
    next(iterator)
    iterator._ahead = deque(next(iterator._sampler_iter) for _ in range(2))
    apply("shuffle", loader)
    drawn = [row for batch in [*iterator._ahead, *iterator._sampler_iter] for row in batch]
    assert len(iterator._ahead) == 2
    assert sorted(drawn) == list(range(10, 100))
    assert drawn != sorted(drawn)


@pytest.mark.parametrize(
    "loaders",
    [
        [],
        [DataLoader(table, shuffle=True)],
        [DataLoader(table, batch_sampler=[[0, 1], [2]])],
    ],
)
def test_no_loader_gives_its_data_in_order(loaders):
    with pytest.raises(NotApplicable):
        apply("shuffle", *loaders)


@pytest.mark.parametrize("dataset", [table, Named(), Subset(Named(), range(100))])
@pytest.mark.parametrize("shuffled", [True, False])
def test_classes_are_drawn_equally_often(dataset, shuffled):
    loader = DataLoader(dataset, batch_size=10, shuffle=shuffled)
    iterator = iter(loader)
    next(iterator)
    assert (
        apply("resample-classes", loader)
        == "2 classes drawn equally often (they have 10 to 90 rows)"
    )
    rest = list(iterator)
    assert len(rest) == 9
    for batches in (rest, list(loader)):
        share = torch.cat([batch[1] for batch in batches]).float().mean()
        assert 0.3 < float(share) < 0.7


@pytest.mark.parametrize(
    "dataset",
    [
        TensorDataset(torch.arange(100.0), torch.arange(100) % 2),
        TensorDataset(torch.arange(100.0), torch.randn(100)),
        list(range(100)),
    ],
)
def test_classes_that_are_even_or_not_known(dataset):
    with pytest.raises(NotApplicable):
        apply("resample-classes", DataLoader(dataset, batch_size=10))


def test_the_last_batch_is_left_out_of_this_epoch_as_well():
    loaders = [DataLoader(table, batch_size=size) for size in (33, 40)]
    iterators = [iter(loader) for loader in loaders]
    for iterator in iterators:
        next(iterator)
    apply("drop-last", *loaders)
    assert [[len(batch[0]) for batch in iterator] for iterator in iterators] == [[33, 33], [40]]
    assert [len(batch[0]) for batch in loaders[0]] == [33] * 3


@pytest.mark.parametrize("options", [{"batch_size": 10}, {"batch_size": 33, "drop_last": True}])
def test_no_batch_is_incomplete(options):
    with pytest.raises(NotApplicable):
        apply("drop-last", DataLoader(table, **options))
