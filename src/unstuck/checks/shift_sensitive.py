"""The check of the same name."""

from collections.abc import Iterator
from statistics import fmean

from unstuck.checks import _trials
from unstuck.checks._registry import NotChecked, check
from unstuck.checks._sensible import sensible
from unstuck.records import Facts, Finding


@check(
    needs={"trials"},
    remedies=("use-convolution", "global-pooling"),
    question="q18",
    experiments=("shifted-inputs",),
)
def shift_sensitive(
    facts: Facts,
    *,
    # Question 18, two pixels: a fully connected network loses 70 to 80 points of 96, one that convolves and
    # pools over the whole image 2 to 6.
    share: float = 0.5,
    # A network that has not begun to learn has nothing to lose.
    learned: float = 0.3,
) -> Iterator[Finding]:
    """Images shifted by two pixels are no longer recognised.

    ## What it does
    Replays the run and scores it on images that are shifted by two pixels in a random direction.

    ## Why is this bad?
    It learned what is where, not what is there: the same thing a little further on is a new thing, and has
    to be learned again at every place (question 18).

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    marks = torch.randn(4, 1, 3, 3)
    y = torch.randint(0, 4, (512,))
    x = 0.3 * torch.randn(512, 1, 12, 12)
    x[:, :, 4:7, 4:7] += marks[y]
    body = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(144, 16))
    model = torch.nn.Sequential(body, torch.nn.ReLU(), torch.nn.Linear(16, 4))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(120):
        rows = torch.randint(0, 512, (32,))
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    marks = torch.randn(4, 1, 3, 3)
    y = torch.randint(0, 4, (512,))
    x = 0.3 * torch.randn(512, 1, 12, 12)
    x[:, :, 4:7, 4:7] += marks[y]
    body = torch.nn.Sequential(
        torch.nn.Conv2d(1, 16, 3), torch.nn.AdaptiveMaxPool2d(1), torch.nn.Flatten()
    )
    model = torch.nn.Sequential(body, torch.nn.ReLU(), torch.nn.Linear(16, 4))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(120):
        rows = torch.randint(0, 512, (32,))
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
    ```

    ## Threshold
    The score falls by more than the margin of the replays (at least .08) and by at least `share` (.5) of
    itself, with every seed that was replayed (one, where it is clear), and the network scores more than
    `learned` (.3; 0 is a constant prediction, 1 is perfect) as it is.

    ## When it is wrong
    Where position is the answer, such as in boards, faces that were centred or spectra, it should matter.
    The shift goes around the edge, which tears apart what touches it.
    """
    found = _trials.compared(facts, "shifted-inputs")
    margin = _trials.margin(facts.trials)
    if fmean(found.before) <= learned:
        raise NotChecked("the network learns too little as it is")
    if not found.is_whole and found.gains[0] >= -margin:
        raise NotChecked(f"only {len(found.after)} of {found.seeds} seeds were replayed")
    if found.before == found.after:
        raise NotChecked("the replays are judged on what no shift can reach")
    falls = [
        before - after > margin and after < (1 - share) * before
        for before, after in zip(found.before, found.after, strict=True)
    ]
    if not all(falls):
        return
    yield Finding(
        f"images shifted by two pixels are hardly recognised: {found.said()}",
        evidence=found.evidence(),
        severity="note",
        remedies=sensible(shift_sensitive.remedies, facts),
    )
