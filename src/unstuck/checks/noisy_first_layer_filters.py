"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks._registry import NotChecked, check
from unstuck.records import Facts, Finding, Location
from unstuck.records.filters import Filter
from unstuck.records.series import finite


@check(
    needs={"filters"},
    remedies=("raise-learning-rate", "more-steps"),
    question="q07",
)
def noisy_first_layer_filters(
    facts: Facts,
    *,
    updates: int = 100,
    # Question 7: .05 and less where the rate is too low, .20 to .59 for good models.
    smooth: float = 0.05,
    change: float = 0.05,
) -> Iterator[Finding]:
    """The filters of the first convolution are still their random start.

    ## What it does
    Measures, in a first convolution with a kernel of at least 5x5, how alike neighbouring weights
    are, and how far the weights are from their start. After many updates, filters that are as rough
    as white noise and have hardly moved are noted.

    ## Why is this bad?
    Pictures are smooth, and what is learned from them is smoother than noise. Filters that look like
    noise are not a sign of noisy data, but mostly of a learning rate that is too low, or of too few
    steps: the later layers learn on random features.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    y = torch.randint(0, 4, (64,))
    x = torch.randn(64, 1, 12, 12)
    x += torch.randn(4, 1, 12, 12)[y].cumsum(2).cumsum(3) / 4
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 8, 7), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(288, 4)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-6)
    for _ in range(140):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    y = torch.randint(0, 4, (64,))
    x = torch.randn(64, 1, 12, 12)
    x += torch.randn(4, 1, 12, 12)[y].cumsum(2).cumsum(3) / 4
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 8, 7), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(288, 4)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(140):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    ```

    ## Threshold
    After `updates` (100) updates, a correlation of neighbours below `smooth` (.05) and a relative
    `change` of the weights below .05. Question 7 measured a correlation of -.01 and a change of .01
    at a rate that is far too low, .20 to .59 for good models; rates that are too high give
    smoother filters, not rougher ones.

    ## When it is wrong
    Pictures without neighbours (spectra, codes, noise). Roughness is neither necessary nor
    sufficient for a wrong learning rate (question 7): this is a `note`, never more. Kernels below
    5x5 have too few neighbours and are not checked.
    """
    filters: list[Filter] = facts.filters
    large = [each for each in filters if each["kernel"] and min(each["kernel"]) >= 5]
    if not large:
        raise NotChecked("no first convolution with a kernel of at least 5x5")
    judged = [each for each in large if each["updates"] >= updates]
    if not judged:
        raise NotChecked(f"fewer than {updates} updates of a first convolution")
    for each in judged:
        looks, moved = finite(each["smooth"]), each["change"]
        if not looks or moved is None or not moved < change or not looks[-1][1] < smooth:
            continue
        size = "x".join(str(side) for side in each["kernel"])
        yield Finding(
            f"after {each['updates']} updates the {size} filters of {each['name']} are as rough as "
            f"noise (correlation of neighbours {looks[-1][1]:.2f}) and have moved by {moved:.1%}",
            at=0,
            evidence={"layer": each["name"], "correlation": looks[-1][1], "change": moved},
            severity="note",
            location=Location.of(each["place"]),
        )
