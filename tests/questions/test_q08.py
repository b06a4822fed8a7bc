"""Batch, iteration, epoch: what is said of a run, and the counts and gradients of the experiment."""

import pytest
import torch
from torch.utils.data import DataLoader

from unstuck.questions import q08_batch_iteration_epoch as q08
from unstuck.records import Facts

LOADER = {"trains": True, "batch": 64, "last_batch": 5, "drop_last": False}


def run(windows=((1, 50),), *, loader=LOADER, cut=(), **families):
    data = {"batch": 64, "samples": 1797, "updates_per_epoch": 29, "loaders": [loader]}
    accumulation = {"windows": [list(pair) for pair in windows], "cut": list(cut)}
    return Facts({"data": data, "accumulation": accumulation} | families)


def test_it_tells_batch_epoch_and_update():
    assert list(q08.on(run())) == [
        "N = 1797 and B = 64: 29 batches per epoch, the last of 5 examples",
        "each update uses 1 backward pass: the effective batch size is 64 on each device, "
        "with 29 updates per epoch",
    ]


def test_it_tells_the_examples_that_drop_last_leaves_out():
    loader = LOADER | {"drop_last": True, "last_batch": 64}
    facts = run(loader=loader)
    facts.data["updates_per_epoch"] = 28
    assert next(q08.on(facts)) == (
        "N = 1797 and B = 64: 28 batches per epoch, drop_last leaves out 5 examples"
    )


def test_it_counts_accumulation_and_the_windows_that_were_cut():
    cut = [{"step": 7, "passes": 1, "cleared": False}]
    assert list(q08.on(run([(1, 1), (4, 9)], cut=cut)))[1:] == [
        "each update uses 4 backward passes: the effective batch size is 256 on each device, "
        "with 7.25 updates per epoch",
        "1 window of accumulation ended without an update of its own",
    ]


def test_it_tells_how_many_epochs_the_updates_are():
    seen = run(ending={"updates": 200}, optimizers=[{"steps": 200}, {"steps": 0}])
    assert list(q08.on(seen))[-1] == "200 updates of 64 examples are 7.12 epochs"


def test_with_two_optimizers_updates_are_no_iterations():
    seen = run(ending={"updates": 200}, optimizers=[{"steps": 100}, {"steps": 100}])
    assert not any("epochs" in line for line in q08.on(seen))


def test_it_says_what_was_not_recorded():
    data = {"batch": 64, "samples": None, "updates_per_epoch": None, "loaders": []}
    facts = Facts({"data": data}, {"accumulation": "no update was seen"})
    assert list(q08.on(facts)) == [
        "the batch size is 64; how many examples an epoch has was not recorded",
        "the effective batch size is not known: no update was seen",
    ]
    assert list(q08.on(Facts())) == []


def test_updates_that_differ_have_no_one_batch_size():
    assert list(q08.on(run([(1, 5), (2, 5)])))[-1] == (
        "the effective batch size is not known: updates take different numbers of backward passes"
    )


@pytest.mark.parametrize("drop_last", [True, False])
@pytest.mark.parametrize("passes", [1, 3, 4])
def test_the_formula_counts_what_a_loop_does(drop_last, passes):
    for samples in range(1, 40):
        counted = q08._counted(DataLoader(range(samples), 7, drop_last=drop_last), passes)
        assert counted == q08._formula(samples, 7, passes, drop_last=drop_last)


def test_accumulated_gradients_are_those_of_the_whole_batch_by_backward():
    torch.manual_seed(0)
    x, y = torch.rand(128, 64, dtype=torch.float64), torch.arange(128) % 10
    net = torch.nn.Linear(64, 10).double()
    torch.nn.functional.cross_entropy(net(x), y).backward()
    assert torch.allclose(
        q08._gradient(net, x, y), torch.cat([p.grad.flatten() for p in net.parameters()])
    )
    assert q08._gap(x, y, 0, norm=False) < 1e-12 < 1e-3 < q08._gap(x, y, 0, norm=True)
