"""Write the two files of a new check: ``python tools/new_check.py my-fault``.

The check finds nothing yet, so the test that it fires fails: begin there.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

CHECK = '''\
"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks._registry import check
from unstuck.records import Facts, Finding


@check(needs={"loss"}, remedies=("lower-learning-rate",))
def FUNCTION(facts: Facts, *, tolerated: int = 0) -> Iterator[Finding]:
    """The fault in one sentence.

    ## What it does
    What it looks at, and when it reports.

    ## Why is this bad?
    What happens to the training if nobody acts.

    ## Example
    ```python
    import torch

    torch.manual_seed(0)
    model = torch.nn.Linear(8, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e4)  # the fault
    for _ in range(60):
        optimizer.zero_grad()
        x = torch.randn(64, 8)
        torch.nn.functional.mse_loss(model(x), x.sum(1, keepdim=True)).backward()
        optimizer.step()
    ```
    Use instead:
    ```python
    import torch

    torch.manual_seed(0)
    model = torch.nn.Linear(8, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-1)
    for _ in range(60):
        optimizer.zero_grad()
        x = torch.randn(64, 8)
        torch.nn.functional.mse_loss(model(x), x.sum(1, keepdim=True)).backward()
        optimizer.step()
    ```

    ## Threshold
    Every number and where it comes from; options such as `tolerated` by name.

    ## When it is wrong
    The healthy training that looks like this, and what to do then.
    """
    bad = [step for step, value in facts.loss["values"] if False]
    if len(bad) > tolerated:
        yield Finding(
            f"what was seen, with the number and the step: {bad[0]}",
            at=bad[0],
            evidence={"steps": bad[:5]},
            severity="warning",
        )
'''

TEST = """\
import pytest

from unstuck.checks.FUNCTION import FUNCTION

from .sample import facts, loss


@pytest.mark.parametrize(("values", "at"), [([1.0, 2.0], 1)])
def test_fires(values, at):
    [finding] = FUNCTION(facts(loss=loss(values)))
    assert finding.at == at


@pytest.mark.parametrize("values", [[], [1.0]])
def test_stays_quiet(values):
    assert FUNCTION(facts(loss=loss(values))) == []


def test_tolerates_what_looks_like_it_and_is_healthy():
    assert FUNCTION(facts(loss=loss([1.0, 2.0])), tolerated=1) == []
"""


def main(name: str) -> None:
    """Write both files, or neither."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)+", name):
        sys.exit(f"{name!r} is no name for a check: say the fault in words, such as my-fault")
    function = name.replace("-", "_")
    check = ROOT / "src" / "unstuck" / "checks" / f"{function}.py"
    test = ROOT / "tests" / "checks" / f"test_{function}.py"
    for file in (check, test):
        if file.exists():
            sys.exit(f"{file.relative_to(ROOT)} exists")
    for file, template in ((check, CHECK), (test, TEST)):
        file.write_text(template.replace("FUNCTION", function), encoding="utf-8")
        print(file.relative_to(ROOT))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) == 2 else "")
