"""The family ``ending``: whether the script came to its own end."""

from typing import TypedDict


class Ending(TypedDict):
    """``ended`` as in the script's record: ``finished``, ``stopped`` (by check), ``running``, ..."""

    ended: str
    steps: int
    updates: int
