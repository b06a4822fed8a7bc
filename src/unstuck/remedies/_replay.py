"""What a remedy may do to a replay: the words, without torch; ``unstuck.trials`` gives them meaning."""

from typing import Protocol


class NotApplicable(Exception):
    """Raised by a method of a replay that cannot make its change; the text says why."""


class Replay(Protocol):
    """A run at its first training forward, about to go on with one thing changed.

    Every method changes the live objects of the replayed process, which is thrown away afterwards, and
    returns the change in words. It raises :class:`NotApplicable` where there is nothing to change.
    """

    def scale_learning_rate(self, factor: float) -> str:
        """Multiply the rate of every parameter group, and what schedulers start from."""

    def set_learning_rate(self, rate: float) -> str:
        """Give the first parameter group this rate and keep the ratios of the others to it."""

    def measured_learning_rate(self) -> float | None:
        """The rate that was measured as the best for this run; None if it was not measured."""
