"""What a search for a learning rate found, in words and as a table."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from unstuck.trials.halving import Losses, end


@dataclass(frozen=True)
class LearningRateSearch:
    """A search for a learning rate: plain data that also displays itself.

    Rates are those of the optimizer's first parameter group; the others keep their ratio to it. Losses
    are in the loss function's unit.

    Attributes:
        rates: the grid, ascending.
        losses: for each rate the loss of every step that it was trained, before that step's update. Rates
            that were left behind have fewer; one that diverged ends with NaN or infinity.
        untrained: the loss of the network as it was, on the same batches.
        choice: the rate to train with; None if no rate makes the loss fall.
        stable: the lowest and highest rate of the grid around the choice whose loss ends below the
            untrained network's, as far as each was trained.
        current: the optimizer's own rate when the search began.
        batches: different batches used; fewer than the steps means that they came round again.
        steps: optimizer steps made, over all rates.
        seconds: wall time.
        sharpness: the largest eigenvalue of the loss's Hessian on the first batch; None if not measured.
        why_no_sharpness: the reason for that.
        reason: why there is no choice; empty if there is one.
    """

    rates: tuple[float, ...]
    losses: tuple[Losses, ...]
    untrained: Losses
    choice: float | None
    stable: tuple[float, float] | None
    current: float
    batches: int
    steps: int
    seconds: float
    sharpness: float | None = None
    why_no_sharpness: str = ""
    reason: str = ""

    @property
    def limit(self) -> float | None:
        """2 / sharpness: gradient descent on a quadratic of this curvature diverges above this rate."""
        return None if self.sharpness is None else 2 / self.sharpness

    @property
    def ends(self) -> tuple[float, ...]:
        """For each rate its mean loss over the last tenth of its steps; infinite if it diverged."""
        return tuple(end(losses) for losses in self.losses)

    @property
    def verdict(self) -> str:
        """The result as one sentence."""
        if self.choice is None:
            return f"No learning rate makes the loss fall: {self.reason}."
        losses = self.losses[self.rates.index(self.choice)]
        start = end(self.untrained[: len(losses)])
        said = (
            f"Learning rate {self.choice:g}: after {len(losses)} steps the loss is {end(losses):.4g}, "
            f"untrained it is {start:.4g}."
        )
        return f"{said} {self._compared(self.choice)}{self._at_the_edge(self.choice)}"

    def _compared(self, choice: float) -> str:
        if not self.current > 0:
            return "The optimizer's own rate is 0."
        factor = choice / self.current
        if 10**-0.25 < factor < 10**0.25:
            return f"The optimizer's own, {self.current:.3g}, is close to it."
        times = float(f"{max(factor, 1 / factor):.2g}")
        lower = "lower" if factor > 1 else "higher"
        return f"The optimizer's own, {self.current:.3g}, is {times:g} times {lower}."

    def _at_the_edge(self, choice: float) -> str:
        if choice == self.rates[-1]:
            return " It is the largest of the grid: a larger one may be better."
        if choice == self.rates[0]:
            return " It is the smallest of the grid: a smaller one may be better."
        return ""

    def marks(self, rate: float) -> str:
        """What the table says beside a rate."""
        losses = self.losses[self.rates.index(rate)]
        said = []
        if rate == self.choice:
            said.append("chosen")
        elif self.stable is not None and self.stable[0] <= rate <= self.stable[1]:
            said.append("falls")
        if losses and not math.isfinite(losses[-1]):
            said.append("diverged")
        if self.current > 0 and rate == self._nearest(self.current):
            said.append("yours" if rate == self.current else f"near yours, {self.current:.3g}")
        if self.limit is not None and rate == self._nearest(self.limit):
            said.append(f"near 2/sharpness, {self.limit:.3g}")
        return ", ".join(said)

    def _nearest(self, rate: float) -> float:
        return min(self.rates, key=lambda each: abs(math.log(each / rate)))

    @property
    def cost(self) -> str:
        """What it took, in words."""
        again = "" if self.batches >= len(self.untrained) else ", which came round again"
        batches = f"{self.batches} batch{'es' * (self.batches != 1)}{again}"
        return f"{self.steps} steps on {batches}; {self.seconds:.1f} s; all is as it was before."

    def __str__(self) -> str:
        """At most 16 lines for the usual grid."""
        return "\n".join([self.verdict, *self._table(), self.cost])

    __repr__ = __str__

    def _table(self) -> Iterator[str]:
        yield f"{'rate':>9} {'steps':>5} {'untrained':>10} {'end':>10}"
        for rate, losses, last in zip(self.rates, self.losses, self.ends, strict=True):
            first = end(self.untrained[: len(losses)])
            said = f"{rate:>9g} {len(losses):>5} {first:>10.4g} {last:>10.4g}  {self.marks(rate)}"
            yield said.rstrip()

    def _repr_html_(self) -> str:
        """The same with a picture, for Jupyter."""
        from unstuck.trials.rate_picture import page

        return page(self)
