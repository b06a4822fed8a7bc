import pytest
import torch
from tests.checks.sample import activation, activation_look, layer, look, loss_call
from torch import nn

from unstuck.questions import explain
from unstuck.questions._data import digits
from unstuck.questions._lab import Lab
from unstuck.questions._stack import Stack
from unstuck.questions.q02_zero_bias import MINUS_ONE, STARTS, WIDTHS, _dead, _set_biases
from unstuck.records import Facts

QUESTION = explain("q02")


def test_zero_biases_are_no_fault_where_the_weights_differ():
    units = [
        layer(look(0, 1 / 32, None), name="net.0", biases_zero=True),
        layer(look(0, 1 / 32, None), name="net.2", biases_zero=False),
        layer(look(0, 1 / 32, None), name="net.4", biases_zero=None),
    ]
    assert QUESTION.on(Facts({"units": units})) == [
        "1 of 2 layers began with all biases zero (net.0)",
        "their weights differ from unit to unit, so zero biases are no fault",
    ]


def test_equal_weights_besides_are_told():
    units = [layer(look(0, 1.0, None), name="net.0", biases_zero=True)]
    assert QUESTION.on(Facts({"units": units}))[1] == (
        "the weights of net.0 are the same for all units as well: see question 3"
    )


def test_it_counts_the_units_that_begin_dead():
    looks = [activation_look(0, dead=0.75), activation_look(5, dead=1.0)]
    facts = Facts({"activations": [activation("ReLU", *looks), activation("Tanh", *looks)]})
    assert QUESTION.on(facts) == [
        "48 of 64 units after model.hidden were zero for the whole first batch"
    ]


def test_the_first_loss_is_held_against_the_class_shares():
    call = loss_call(
        "binary_cross_entropy_with_logits",
        values=[[0, 0.693], [1, 0.6]],
        constant={"loss": 0.098, "what": "entropy", "targets": 1000},
    )
    assert QUESTION.on(Facts({"loss_calls": [call]})) == [
        "the first binary_cross_entropy_with_logits was 0.693, 7.1 times that of the best constant "
        "prediction (0.098)"
    ]


def test_without_facts_it_is_silent_or_says_why():
    assert QUESTION.on(Facts()) == []
    late = loss_call(values=[[7, 0.5]])
    assert QUESTION.on(Facts({"loss_calls": [late]})) == []
    assert QUESTION.on(Facts(missing={"units": "no layer was seen"})) == [
        "biases were not recorded: no layer was seen"
    ]


def test_dead_units_are_those_of_a_plain_net():
    lab, data = Lab((4,)), digits([4], train=200)
    stack = Stack(WIDTHS, lab.seeds, arms=len(STARTS))
    _set_biases(stack, lab)
    net = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU())
    for linear, weight, bias in zip(net[::2], stack.weights, stack.biases, strict=False):
        linear.weight.data = stack.arm(weight, MINUS_ONE)[0].T
        linear.bias.data = stack.arm(bias, MINUS_ONE)[0, 0]
        assert torch.all(linear.bias == -1)
    silent = [(net[:end](data.x[0]) == 0).all(0) for end in (2, 4)]
    share = torch.cat(silent).float().mean().item()
    assert 0 < share < 1
    assert _dead(stack, data)[MINUS_ONE, 0].item() == pytest.approx(share)
