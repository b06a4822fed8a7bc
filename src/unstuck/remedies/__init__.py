"""One file a remedy: the advice and the code a person would write. Found by name, no list."""

from unstuck.remedies._registry import BREADTHS, Breadth, Remedy, all_remedies

__all__ = ["BREADTHS", "Breadth", "Remedy", "all_remedies"]
