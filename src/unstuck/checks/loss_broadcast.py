"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks._registry import check
from unstuck.records import Facts, Finding, Location


@check(
    needs={"graph"},
    remedies=("squeeze-broadcast-loss",),
    explains={"loss-not-falling"},
)
def loss_broadcast(facts: Facts) -> Iterator[Finding]:
    """Predictions and targets of different shapes are broadcast against each other.

    ## What it does
    Compares the shapes that an element-wise loss receives. If broadcasting makes the result larger
    than both, such as (N, 1) against (N,) giving (N, N), it is reported. For a loss written by
    hand it looks for predictions (N, 1) that an operation with the targets blew up to (N, N).

    ## Why is this bad?
    Every prediction is compared with every target. The best answer to that is the mean of the
    targets for all inputs: the loss falls to their variance and stays there.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(64, 8)
    y = x.sum(1)
    model = torch.nn.Linear(8, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(20):
        optimizer.zero_grad()
        loss = ((model(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    x = torch.randn(64, 8)
    y = x.sum(1)
    model = torch.nn.Linear(8, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(20):
        optimizer.zero_grad()
        loss = ((model(x).squeeze(1) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
    ```

    ## Threshold
    None: shapes. A target that is only stretched to the shape of the predictions (a scalar, one
    value per channel) is healthy and not reported.

    ## When it is wrong
    A loss that means to compare every prediction with every target: say so with
    `# unstuck: ignore[loss-broadcast]` on the line. Written by hand, it is not reported when the
    predictions got their second axis by `unsqueeze`, nor when predictions meet predictions (ranking).
    """
    for site in facts.loss_calls or ():
        if site["training"] and site["broadcast_calls"]:
            yield _finding(
                site["function"],
                site["broadcast_input"],
                f"targets {_shape(site['broadcast_target'])}",
                site["broadcast_result"],
                at=site["first_step"],
                location=Location.of(site["place"]),
            )
    for seen in facts.graph["broadcasts"]:
        yield _finding(
            "the loss written by hand",
            seen["prediction_shape"],
            "targets of another shape",
            seen["result_shape"],
            at=seen["step"],
            location=Location.of(seen["place"]),
        )


def _finding(
    what: str,
    predictions: list[int],
    targets: str,
    result: list[int],
    *,
    at: int,
    location: Location | None,
) -> Finding:
    return Finding(
        f"{what} compares predictions {_shape(predictions)} with {targets}: broadcasting makes "
        f"{_shape(result)}, so that every prediction meets every target",
        at=at,
        evidence={"prediction_shape": predictions, "broadcast_shape": result},
        severity="error",
        location=location,
    )


def _shape(sizes: list[int]) -> str:
    return "(" + ", ".join(str(size) for size in sizes) + ("," if len(sizes) == 1 else "") + ")"
