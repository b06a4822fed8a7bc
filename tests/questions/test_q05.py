import pytest
import torch

from unstuck.questions import q05_deep_linear as q05
from unstuck.questions._lab import Lab
from unstuck.questions._stack import Stack
from unstuck.records import Facts

from ..checks.sample import edge, facts, layers, node

NET = [node("net.0", 784, 256), node("net.1", 256, 10)]


def on(*edges, **changes):
    return list(q05.on(facts(layers=layers(*NET, edges=list(edges), **changes))))


def test_it_names_two_layers_with_nothing_between_them():
    assert on(edge("net.0", "net.1", "dropout", straight=True)) == [
        "net.0 (784 -> 256) feeds net.1 (256 -> 10) with only linear operations between them "
        "(dropout): the two are one linear map"
    ]


def test_it_says_what_keeps_a_net_from_being_linear():
    assert on(edge("net.0", "net.1", "ReLU")) == [
        "no layer feeds the next by linear operations alone; there are: ReLU"
    ]


def test_it_counts_the_pairs_beyond_three():
    edges = [edge("net.0", "net.1", straight=True)] * 5
    assert on(*edges)[-1] == "so are 2 more pairs of layers"


def test_it_says_that_something_is_hidden():
    *_, last = on(edge("net.0", "net.1", "ReLU"), opaque=True)
    assert last.startswith("a compiled, checkpointed or custom function hides some layers")


@pytest.mark.parametrize("known", [Facts(), facts(layers=layers(NET[0]))])
def test_it_is_silent_about_layers_that_were_not_seen_or_a_single_one(known):
    assert list(q05.on(known)) == []


def test_the_product_is_the_net():
    net = Stack((5, 4, 3, 2), [0, 1], act=q05._same, dtype=torch.float64)
    for bias in net.biases:
        bias.data.normal_(generator=torch.Generator().manual_seed(0))
    matrix, bias = q05._product(net)
    x = torch.eye(5, dtype=torch.float64).repeat(2, 1, 1)
    assert torch.allclose(matrix + bias, net(x), rtol=0, atol=1e-14)


def test_one_layer_learns_as_the_formula_says(monkeypatch):
    monkeypatch.setattr(q05, "STEPS", 40)
    shares = q05._learn_directions(1, Lab((0, 1, 2)))
    distance = (shares - 1)[:, 0, None] * (1 - q05.RATE) ** torch.arange(40).double()[:, None]
    assert torch.allclose(shares - 1, distance, rtol=0, atol=1e-12)


def test_waiting_is_counted_to_the_first_half():
    shares = torch.tensor([[[0.1, 0.0], [0.6, 0.1], [0.9, 0.3], [1.0, 0.7]]])
    assert q05._wait(shares) == [3.0]


def test_the_mean_is_taken_of_the_chosen_entries():
    values = torch.tensor([[[1.0, 2.0], [4.0, 8.0]]])
    chosen = torch.tensor([[[True, False], [False, True]]])
    assert q05._mean_where(chosen, values).tolist() == [4.5]
