"""Batch, iteration, epoch: what is said of a run, and the counts and gradients of the experiment."""

import pytest
import torch
from torch.utils.data import DataLoader

from unstuck.questions import q08_batch_iteration_epoch as q08
from unstuck.records import Facts

LOADER = {"trains": True, "batch": 64, "last_batch": 5, "drop_last": False}


def run(windows=((1, 50),), *, loader=LOADER, cut=(), **families):
    data = {"batch": 64, "samples": 1797, "updates_per_epoch": 29, "loaders": [loader]}
    data["backwards_per_step"] = sum(passes * times for passes, times in windows) / sum(
        times for _, times in windows
    )
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


def window(passes, *, cleared):
    return {"step": 7, "passes": passes, "cleared": cleared}


@pytest.mark.parametrize(
    ("windows", "cut", "updates"),
    [
        ([(4, 14)], [window(1, cleared=True)], "7 updates per epoch and 1 batch left over"),
        (
            [(4, 20), (5, 1)],
            [window(1, cleared=False)],
            "7 updates per epoch and 1 batch left over",
        ),
        ([(1, 2), (4, 14)], [], "8 updates per epoch, one of 1 batch"),
        ([(4, 14)], [window(1, cleared=False)], "7 or 8 updates per epoch"),
        ([(4, 14)], [], "7 or 8 updates per epoch"),
        ([(29, 2)], [], "1 update per epoch"),
    ],
)
def test_an_epoch_has_whole_updates_and_what_is_left_over(windows, cut, updates):
    assert list(q08.on(run(windows, cut=cut)))[1].endswith(f" on each device, with {updates}")


def test_it_tells_what_became_of_windows_that_were_cut():
    cut = [window(1, cleared=True), window(1, cleared=True), window(1, cleared=False)]
    assert list(q08.on(run([(4, 14)], cut=cut)))[2:] == [
        "the gradients of 2 windows of accumulation were cleared before an update used them",
        "1 epoch ended amid accumulation, and the gradients were kept",
    ]


ONE = {"optimizers": [{"steps": 87}, {"steps": 0}]}


def test_epochs_are_counted_by_batches_as_the_last_one_is_smaller():
    seen = run([(1, 87)], ending={"updates": 87, "steps": 87}, **ONE)
    assert list(q08.on(seen))[-1] == "87 updates in 87 batches: 3 epochs"


def test_batches_that_no_update_used_count_too():
    seen = run([(4, 21)], ending={"updates": 21, "steps": 21}, **ONE)
    seen.data["backwards_per_step"] = 87 / 21
    assert list(q08.on(seen))[-1] == "21 updates in 87 batches: 3 epochs"


def test_with_two_optimizers_updates_are_no_iterations():
    ending = {"updates": 200, "steps": 100}
    seen = run(ending=ending, optimizers=[{"steps": 100}, {"steps": 100}])
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
