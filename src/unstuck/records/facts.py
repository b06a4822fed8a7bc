"""What was seen while the script ran: families of plain data, one probe a family."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Facts:
    """The facts of one run, by family.

    A family is plain data (dicts, lists, numbers, strings) whose shape is the ``TypedDict`` of the
    same name in ``unstuck.records``. ``facts.loss`` is the family ``loss``, or None when the run
    did not record it; ``missing`` then says why.
    """

    families: Mapping[str, Any] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)

    def __getattr__(self, family: str) -> Any:
        if family.startswith("_"):
            raise AttributeError(family)
        return self.families.get(family)
