"""Where a prediction lies in an output, and which rows the loss is not shown."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from unstuck.trials.recorder import Recorder, _Forward, find
from unstuck.trials.replay import Replay

OUTPUT = torch.randn(6, 5, 4)


@pytest.mark.parametrize(
    "view",
    [
        lambda o: o,
        lambda o: o[:, -1],
        lambda o: o.reshape(-1, 4),
        lambda o: o.transpose(1, 2),
        lambda o: o[..., 0].squeeze(-1),
    ],
)
def test_a_view_of_the_output_is_found_again_in_another(view):
    path = find({"hidden": None, "logits": (OUTPUT,)}, view(OUTPUT))
    other = torch.randn(6, 5, 4)
    assert torch.equal(path.of({"hidden": None, "logits": (other,)}), view(other))


def test_what_was_computed_from_the_output_is_not_found():
    assert find(OUTPUT, OUTPUT * 2) is None
    assert find("text", OUTPUT) is None


def recorder_of(rows):
    model = nn.Linear(4, 3)
    recorder = Recorder(Replay([model], []), lambda line: None, 100)
    recorder._forward = _Forward(model, (rows,), recorder._rows.numbers(rows))
    return recorder


def test_the_loss_is_not_shown_the_rows_kept_back():
    rows, target = torch.randn(64, 4), torch.randint(3, (64,))
    recorder = recorder_of(rows)
    prediction = torch.randn(64, 3, requires_grad=True)
    _, (shown, wanted), _ = recorder.exchange("cross_entropy", (prediction, target), {})
    back = recorder._rows.kept_back(recorder._rows.numbers(rows))
    assert torch.equal(shown, prediction[~back])
    assert torch.equal(wanted, target[~back])
    functional.cross_entropy(shown, wanted).backward()
    assert bool((prediction.grad[back] == 0).all())


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("cross_entropy", {"reduction": "none"}),
        ("cross_entropy", {"reduction": "sum"}),
        ("kl_div", {}),
    ],
)
def test_losses_that_are_no_mean_over_rows_are_left_whole(name, options):
    rows = torch.randn(64, 4)
    prediction, target = torch.randn(64, 3), torch.randint(3, (64,))
    shown = recorder_of(rows).exchange(name, (prediction, target), options)[1][0]
    assert len(shown) == 64
