import time
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
import torch

from unstuck.fit import batches
from unstuck.fit.batches import Batches, Encoded, Order, drawn
from unstuck.fit.encoders import numbers
from unstuck.fit.examples import Arrays, Examples
from unstuck.fit.fitting import prepared

VALUES = np.random.default_rng(0).normal(size=(40, 3))


class Counting(numbers.Numbers):
    """Counts the rows that it encodes."""

    calls: ClassVar = []

    def encoded(self, inputs, rows):
        self.calls.append(len(rows))
        return super().encoded(inputs, rows)


@pytest.fixture
def encoder():
    Counting.calls.clear()
    return Counting((0.0,) * 3, (1.0,) * 3, (-9.0,) * 3, (9.0,) * 3, ())


def rows_of(values=VALUES, which=None, targets=None, encoder=None):
    which = np.arange(len(values)) if which is None else which
    targets = torch.arange(len(values)) if targets is None else targets
    inputs = Arrays(values)
    return Encoded(inputs, which, encoder or numbers.fitted(inputs, which), targets[which])


@pytest.fixture(params=["kept", "not kept"])
def rows(request, monkeypatch):
    if request.param == "not kept":
        monkeypatch.setattr(batches, "ROOM", 0)
    return rows_of()


def test_each_row_comes_once_an_epoch_in_another_order(rows):
    order = Order(40, seed=1)
    seen = []
    for order.epoch in (0, 1):
        targets = torch.cat([targets for _, targets in Batches(rows, 12, order)])
        assert sorted(targets.tolist()) == list(range(40))
        seen.append(targets.tolist())
    assert seen[0] != seen[1]
    assert seen[0] != list(range(40))


def test_inputs_stay_beside_their_targets(rows):
    whole = rows_of()[0]
    for (inputs,), targets in Batches(rows, 12, Order(40, seed=1)):
        assert inputs.shape == (len(targets), 3)
        assert torch.equal(inputs, rows.__getitems__(targets)[0][0])
    assert whole[0][0].shape == (1, 3)


def test_without_an_order_rows_come_as_they_stand(rows):
    assert torch.cat([t for _, t in Batches(rows, 12)]).tolist() == list(range(40))


@pytest.mark.parametrize("size", [1, 7, 12, 13, 39, 40, 1000])
def test_rows_are_spread_evenly_over_the_batches(rows, size):
    loader = Batches(rows, size)
    sizes = [len(targets) for _, targets in loader]
    assert len(sizes) == len(loader) == -(-40 // size)
    assert max(sizes) <= size
    assert max(sizes) - min(sizes) <= 1
    assert min(sizes) == loader.fewest


def test_an_epoch_goes_on_where_it_stopped(rows):
    order = Order(40, seed=1)
    whole = [targets.tolist() for _, targets in Batches(rows, 12, order)]
    order.start = 2
    assert [targets.tolist() for _, targets in Batches(rows, 12, order)] == whole[2:]


@pytest.mark.parametrize("count", [2, 3])
def test_processes_share_each_batch(rows, count):
    order = Order(40, seed=1)
    whole = [targets for _, targets in Batches(rows, 12, order)]
    parts = [[t for _, t in Batches(rows, 12, order, (place, count))] for place in range(count)]
    for batch, *shares in zip(whole, *parts, strict=True):
        assert torch.equal(torch.cat(shares), batch)


def test_what_fits_is_encoded_once(encoder):
    rows = rows_of(encoder=encoder)
    for _ in range(3):
        list(Batches(rows, 12))
    assert encoder.calls == [1, 40]


def test_what_does_not_fit_is_encoded_batch_by_batch(encoder, monkeypatch):
    monkeypatch.setattr(batches, "ROOM", 0)
    list(Batches(rows_of(encoder=encoder), 20))
    assert encoder.calls == [1, 20, 20]


def test_an_error_of_the_encoder_comes_through(encoder, monkeypatch):
    monkeypatch.setattr(batches, "ROOM", 0)
    rows = rows_of(encoder=encoder)
    monkeypatch.setattr(Counting, "encoded", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        list(Batches(rows, 20))


def test_a_batch_is_encoded_while_the_one_before_it_is_used(encoder, monkeypatch):
    monkeypatch.setattr(batches, "ROOM", 0)
    loader = iter(Batches(rows_of(encoder=encoder), 10))
    next(loader)
    for _ in range(500):
        if len(encoder.calls) == 3:
            break
        time.sleep(0.01)
    assert encoder.calls[1:] == [10, 10]
    list(loader)


def test_the_fingerprint_tells_data_targets_and_rows_apart(rows):
    changed, other = VALUES.copy(), torch.arange(40)
    changed[7, 1] += 1e-3
    other[3] = 9
    found = rows.fingerprint()
    assert found == rows_of().fingerprint()
    for different in (
        rows_of(changed),
        rows_of(targets=other),
        rows_of(which=np.arange(39)),
        rows_of(which=np.arange(40)[::-1].copy()),
    ):
        assert different.fingerprint() != found


def test_draws_depend_on_seed_purpose_and_number():
    seeds = {
        drawn(s, what, n) for s in (0, 2**63 - 1) for what in ("order", "step") for n in (0, 1)
    }
    assert len(seeds) == 8
    assert drawn(5, "order", 7) == drawn(5, "order", 7)
    for seed in seeds:
        torch.Generator().manual_seed(seed)


def test_a_fit_encodes_all_rows_but_those_to_judge_by_once(monkeypatch):
    ready = prepared(Examples(Arrays(VALUES), "here", np.arange(40) % 2), hand={"members": 3})
    encoded, encode = [], numbers.Numbers.encoded

    def counted(self, inputs, rows):
        encoded.append(len(rows))
        return encode(self, inputs, rows)

    monkeypatch.setattr(numbers.Numbers, "encoded", counted)
    for fold in ready.split.folds:
        for rows in (fold.training, fold.validation):
            assert len(ready.part(rows)) == len(rows)
    assert encoded == [1, 34]  # one tells how large they are
    other = replace(ready, targets=1 - ready.targets)
    assert torch.equal(other.part(rows).targets, 1 - ready.part(rows).targets)


@pytest.mark.parametrize("room", [batches.ROOM, 0])
def test_a_part_gives_the_batches_of_its_rows_as_if_encoded_alone(encoder, monkeypatch, room):
    monkeypatch.setattr(batches, "ROOM", room)
    all_but_one, some = np.delete(np.arange(40), 5), np.array([0, 3, 4, 6, 20, 39])
    targets = torch.arange(40) * 10
    whole, alone = (
        rows_of(which=which, targets=targets, encoder=encoder) for which in (all_but_one, some)
    )
    part = whole.part(some)
    assert len(part) == 6
    assert part.targets.tolist() == [0, 30, 40, 60, 200, 390]
    for (inputs, found), (wanted, known) in zip(
        Batches(part, 4, Order(6, 1)), Batches(alone, 4, Order(6, 1)), strict=True
    ):
        assert all(map(torch.equal, inputs, wanted))
        assert torch.equal(found, known)
    assert part.fingerprint() == alone.fingerprint()
    assert whole.targets.tolist() == (all_but_one * 10).tolist()
    assert part.part(some[2:4]).targets.tolist() == [40, 60]
