import math

import pytest
import torch

from unstuck.questions import explain
from unstuck.questions import q22_gradient_clipping as q22
from unstuck.records import Facts

on = explain("q22").on


def line(**changes):
    made = {"function": "clip_grad_norm_", "threshold": 1.0, "calls": 100, "early": 0}
    return made | {"norms": [], "cut": []} | changes


def test_it_tells_the_norms_and_how_many_were_clipped():
    norms = [[0, 0.5], [1, 4.0], [2, 32.0], [3, math.nan], [4, 2.0]]
    assert on(Facts({"clipping": [line(norms=norms)]})) == [
        "clip_grad_norm_ with a limit of 1: 3 of 4 norms seen were above it; median norm 3, "
        "largest 32 at step 2"
    ]


def test_it_tells_what_clipping_by_value_cuts():
    clipping = [line(function="clip_grad_value_", threshold=0.02, cut=[[0, 0.1], [9, 0.3]])]
    assert on(Facts({"clipping": clipping})) == [
        "clip_grad_value_ with a limit of 0.02 cut 20% of the values (median of 2 looks)"
    ]


def test_it_tells_when_there_was_nothing_to_clip_yet():
    assert on(Facts({"clipping": [line(early=100)]})) == [
        "clip_grad_norm_ with a limit of 1 came 100 of 100 times without a backward pass before it"
    ]


def test_it_tells_the_norms_of_gradients_that_nobody_clipped():
    gradients = {"totals": [[0, 1.0], [1, 3.0], [2, 2.0]]}
    assert on(Facts({"gradients": gradients})) == [
        "gradients were not clipped; median norm 2, largest 3 at step 1"
    ]


def test_it_says_nothing_of_what_was_not_recorded():
    assert on(Facts()) == []
    assert on(Facts({"gradients": {"totals": []}})) == []


def test_it_clips_each_net_as_torch_does():
    draw = torch.Generator().manual_seed(0)
    slopes = [torch.randn(3, *shape, generator=draw) for shape in ((4, 5), (1, 5))]
    norm, value = torch.tensor([0.5, math.inf, 100.0]), torch.tensor([math.inf, 0.3, math.inf])
    ours, norms = q22.clipped(slopes, norm, value)
    for net in range(3):
        parameters = [torch.zeros(slope.shape[1:], requires_grad=True) for slope in slopes]
        for parameter, slope in zip(parameters, slopes, strict=True):
            parameter.grad = slope[net].clone()
        found = torch.nn.utils.clip_grad_norm_(parameters, float(norm[net]))
        torch.nn.utils.clip_grad_value_(parameters, float(value[net]))
        torch.testing.assert_close(norms[net], found)
        for parameter, each in zip(parameters, ours, strict=True):
            torch.testing.assert_close(each[net], parameter.grad, rtol=1e-5, atol=1e-6)


def test_the_stack_of_recurrent_nets_is_torch_s_rnn():
    net = q22.Recurrent((0, 1), 2)
    x = torch.rand(2, 7, 64)
    outputs = net(x)
    for each in range(4):
        inputs, recurrent, bias, out, out_bias = (p[each].detach() for p in net.parameters)
        rnn = torch.nn.RNN(2, q22.UNITS, batch_first=True)
        rnn.load_state_dict(
            {
                "weight_ih_l0": inputs.T,
                "weight_hh_l0": recurrent.T,
                "bias_ih_l0": bias[0],
                "bias_hh_l0": torch.zeros(q22.UNITS),
            }
        )
        _, state = rnn(x[each % 2].view(7, q22.PIECES, 2))
        torch.testing.assert_close(outputs[each], state[0] @ out + out_bias)


@pytest.mark.parametrize("limit", [math.inf, 1.0])
def test_steps_on_x4_are_those_of_a_plain_loop(limit):
    starts = torch.tensor([3.0, 5.0], dtype=torch.float64)
    rates = torch.tensor([0.004, 0.1], dtype=torch.float64)[:, None, None]
    found = q22._steps(starts, rates, torch.tensor([[limit]], dtype=torch.float64))
    for row, rate in enumerate((0.004, 0.1)):
        for column, x in enumerate((3.0, 5.0)):
            step = 0
            while x**4 > q22.GOAL and step < q22.MOST and abs(x) < 1e6:
                x -= rate * min(max(4 * x**3, -limit), limit)
                step += 1
            reached = x**4 <= q22.GOAL
            assert found[row, 0, column] == (step if reached else q22.MOST)


def test_the_recurrent_start_is_the_gain_times_an_orthogonal_matrix():
    recurrent = q22.Recurrent((3,), 1).parameters[1][0]
    expected = q22.GAIN**2 * torch.eye(q22.UNITS)
    torch.testing.assert_close(recurrent @ recurrent.T, expected, atol=1e-5, rtol=0)
