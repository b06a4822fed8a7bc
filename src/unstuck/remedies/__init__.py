"""One file a remedy: the advice, the code a person would write, and how a replay applies it.

Found by name, no list.
"""

from unstuck.remedies._registry import BREADTHS, Breadth, Remedy, all_remedies
from unstuck.remedies._replay import NotApplicable, Replay

__all__ = ["BREADTHS", "Breadth", "NotApplicable", "Remedy", "Replay", "all_remedies"]
