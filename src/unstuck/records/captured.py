"""The family ``captured``: how much of the run could be replayed."""

from typing import TypedDict


class Captured(TypedDict):
    """``ended``: why the capture ended before its limit; None if it did not."""

    steps: int
    models: list[str]
    ended: str | None
