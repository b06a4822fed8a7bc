"""Batch normalisation: what is said of a run, and the parts of the experiment."""

import pytest
import torch

from unstuck.questions import q20_batch_norm as q20
from unstuck.questions._data import Data
from unstuck.questions._norms import Normed
from unstuck.records import Facts

from ..checks.sample import arm, batch_norm, evaluation, facts, layers, mode, trials, validation


def on(**families):
    return list(q20.on(facts(**families)))


def test_it_tells_over_what_the_smallest_means_are_taken():
    norms = [batch_norm("net.1", values=3136), batch_norm("net.4", values=4, batch=4)]
    assert on(modes=[mode(batch_norm=norms)]) == [
        "model has 2 batch normalisations; net.4 takes its means over 4 numbers of 4 samples"
    ]


def test_it_tells_of_statistics_that_moved_alone():
    norms = [batch_norm(values=None, batch=None, frozen_updates=40)]
    assert on(modes=[mode(batch_norm=norms)]) == [
        "the running statistics of model.1 moved in 40 updates in which its parameters stood still"
    ]


@pytest.mark.parametrize(
    ("normalised", "other"), [(True, "another normalisation did"), (False, "nor did another")]
)
def test_it_tells_that_there_is_none(normalised, other):
    said = on(modes=[mode(batch_norm=[])], layers=layers(normalised=normalised))
    assert said == [f"no batch normalisation ran in training mode, {other}"]


def test_it_counts_evaluations_in_training_mode():
    evaluations = [
        evaluation(noise=["batch norm", "dropout"]), evaluation(), evaluation(noise=["dropout"])
    ]  # fmt: skip
    assert on(validation=validation(*evaluations)) == [
        "1 of 3 evaluations seen ran batch normalisation in training mode"
    ]


def test_it_tells_what_other_normalisations_bring():
    arms = trials(arm("unchanged", 0.4, 0.6), arm("add-group-norm", 0.8, 0.9))
    assert on(trials=arms) == [
        "replayed with group normalisation: score 0.85 (0.80 to 0.90, 2 seeds), "
        "as it is 0.50 (0.40 to 0.60, 2 seeds)"
    ]


def test_it_is_silent_about_what_was_not_seen():
    assert list(q20.on(Facts())) == []
    assert on(modes=[mode(batch_norm=[])]) == []


def test_starts_differ_in_the_size_of_hidden_weights_alone():
    net = q20.started("none", (0, 1))
    small, he, large = (net.arm(net.weights[2], each) for each in range(3))
    assert torch.allclose(small / 0.3, he)
    assert torch.allclose(large / 3, he)
    assert torch.equal(net.arm(net.weights[-1], 0), net.arm(net.weights[-1], 2))


def test_steps_are_measured_in_deviations():
    shift, still = q20.Shift(), torch.tensor([-1.0, 1.0])[None, :, None].expand(2, 2, 3)
    for moved in (0.0, 2.0, 4.0, 4.5):
        x = still + torch.tensor([moved, 0.0])[:, None, None]  # the second net stands still
        assert torch.equal(shift(q20.WATCHED, x), x)
        shift(q20.WATCHED + 1, 9 * x)  # other layers are not watched
    assert shift.steps().tolist() == pytest.approx([2 / 2**0.5, 0.0])


def test_noise_moves_and_scales_each_unit_within_its_bounds():
    shift = q20.Shift(torch.Generator().manual_seed(0))
    zero, one = (shift(0, torch.full((4, 3, 500), value)) for value in (0.0, 1000.0))
    assert zero.amin() < -0.4
    assert zero.amax() > 0.4
    assert zero.abs().amax() <= q20.NOISE
    assert torch.equal(zero[:, 0], zero[:, 2])
    assert 1000 * 2**-0.5 - 1 < one.amin() < 750 < 1350 < one.amax() < 1000 * 2**0.5 + 1


def test_neighbours_matter_to_batch_normalisation_alone():
    x = torch.randn(2, 41, 64)
    shares = {kind: q20._changed(Normed(q20.FLAT, (0, 1), kind=kind), x) for kind in q20.KINDS}
    assert (shares["batch"] > 0.2).all()
    assert not shares["layer"].any()
    assert not shares["none"].any()


def test_scores_are_taken_in_evaluation_mode_without_noise():
    x, y = torch.randn(1, 20, 64), torch.arange(20)[None] % 10
    data = Data(x, y, x, y)
    net = Normed(q20.FLAT, (0,))
    net.seen = noise = q20.Shift(torch.Generator())
    before = [each.clone() for each in net.means]
    assert q20._score(net, data).shape == (1, 1)
    assert not noise.means
    assert all(map(torch.equal, before, net.means))
    assert net.seen is noise
    assert net.training
