"""The pictures of a run: one file a picture, siblings of one shape, found by name.

A picture is a module with a ``TITLE``, ``closeness(finding)`` (how well it shows that finding: 0 not
at all, 3 it is what the finding was made from, 4 it proves it) and ``draw(run)`` (a :class:`Picture`,
or None when the run recorded nothing that it could show). Nothing else needs to know of it.
"""

from unstuck.report.pictures._choice import Shown, all_pictures, shown
from unstuck.report.pictures._picture import Key, Picture

__all__ = ["Key", "Picture", "Shown", "all_pictures", "shown"]
