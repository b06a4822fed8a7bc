"""The check of the same name."""

from collections.abc import Iterator
from statistics import fmean

from unstuck.checks import _trials
from unstuck.checks._registry import NotChecked, check
from unstuck.records import Facts, Finding
from unstuck.records.trials import Trials

_EXPERIMENT = "shuffled-labels"
_CONTROLS = (_EXPERIMENT, "unchanged", "sham")


@check(
    needs={"trials"},
    remedies=("check-labels",),
    question="q06",
    experiments=(_EXPERIMENT,),
)
def labels_look_random(
    facts: Facts,
    *,
    # As `loss-not-falling` has it in other checks: a tenth below has learned something.
    fall: float = 0.1,
    # Below -0.1 all is equally bad (the scale of the replays): what is there says nothing more.
    floor: float = -0.1,
) -> Iterator[Finding]:
    """What is learned from the labels does not carry over, as if they were random.

    ## What it does
    Replays the run with the labels of each batch shuffled. It reports a network that fits its labels, and
    yet predicts those of samples it was not trained on no better than that, whatever was changed.

    ## Why is this bad?
    Labels that do not belong to their inputs (one of two lists sorted, shuffled or filtered alone, an index
    off by one) can only be learned by heart: the training loss looks fine, and nothing else is.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 16)
    y = (x[:, 0] > 0).long()[torch.randperm(256)]
    model = torch.nn.Sequential(torch.nn.Linear(16, 64), torch.nn.ReLU(), torch.nn.Linear(64, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(150):
        rows = torch.randint(0, 256, (64,))
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(256, 16)
    y = (x[:, 0] > 0).long()
    model = torch.nn.Sequential(torch.nn.Linear(16, 64), torch.nn.ReLU(), torch.nn.Linear(64, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(150):
        rows = torch.randint(0, 256, (64,))
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
    ```

    ## Threshold
    The run scores at most half a margin of the replays above the run with shuffled labels, and with no seed
    a whole one. Nothing that was tried, other learning rates included, scores more than half a margin on
    average (0 is a constant prediction). The training loss ends at least `fall` (.1) below that with shuffled
    labels: a loss that is just stuck says nothing of the labels. At the `floor` (-.1) of the score, where a
    network is that knows everything by heart, something else, such as a lower rate, must have come off it.

    ## When it is wrong
    A replay cannot tell labels that are random from labels that say too little: a weak signal under much
    noise that a hundred steps do not find, a network that cannot express it, and validation data of another
    kind (or with another preparation) than those of the training look the same. Where every sample is seen
    once nothing can be learned by heart, and random labels look like any other run that is stuck: then
    this is not checked. Labels of which only some are wrong are not found.
    """
    trials: Trials = facts.trials
    if trials["judged_on"] == "training batches":
        raise NotChecked("the replays were judged on the batches that they were trained on")
    found = _trials.compared(facts, _EXPERIMENT)
    enough = _trials.margin(trials) / 2
    if not found.gains_with_every_seed(-2 * enough) or fmean(found.gains) < -enough:
        return
    others = [arm for arm in trials["arms"] if arm["name"] not in _CONTROLS and arm["scores"]]
    reached = [fmean(arm["scores"]) for arm in others]
    if max([fmean(found.before), *reached]) > enough:
        return
    own = _trials.ends(_trials.arm(trials, "unchanged"))
    shuffled = _trials.ends(_trials.arm(trials, _EXPERIMENT))
    ends = list(zip(own, shuffled, strict=False))
    if not ends or not all(ours < (1 - fall) * theirs for ours, theirs in ends):
        raise NotChecked("the training loss hardly falls either: that says nothing of the labels")
    if max([*found.before, *reached]) <= floor:
        raise NotChecked("the network knows so much by heart that its score tells nothing more")
    yield Finding(
        f"the labels look random: learned as they are, the score on {found.judged_on} is "
        f"{fmean(found.before):.2f}, and {fmean(found.after):.2f} if they are shuffled, after {found.steps} "
        f"steps with each of {len(found.after)} seeds, while the training loss falls to {fmean(own):.3g}",
        evidence=found.evidence() | {"loss_at_end": own, "loss_at_end_changed": shuffled},
        severity="warning",
        location=_trials.loss_location(facts),
    )
