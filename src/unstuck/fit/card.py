"""The model card: README.md of a model's folder, for whoever finds it."""

import re
from typing import TYPE_CHECKING

from unstuck import markup
from unstuck.report.harmless import visible

if TYPE_CHECKING:
    from unstuck.fit.fitted import Fitted

_SPECIAL = re.compile(r"([\\`*_\[\]|~<>&])")
"""What Markdown may read as its own; names of the data may hold anything."""


def card_of(fitted: "Fitted") -> str:
    """What the model predicts, how well, how it was made, and how to use it."""
    from unstuck.fit.fitted import versions
    from unstuck.fit.report import compared, known, valued

    task, about = fitted.task, known(fitted)
    return markup.text_template("fit/card.md.j2", plain).render(
        task=task,
        many={"multi-label": "labels", "regression": "quantities"}.get(task.kind, "classes"),
        names=[str(name) for name in task.names],
        about=about,
        metrics=compared(fitted),
        recipe=valued(fitted),
        thresholds=fitted.thresholds,
        versions=versions(),
    )


def plain(value: object) -> str:
    """Any text of the data, so that Markdown shows it as it is."""
    return _SPECIAL.sub(r"\\\1", visible(str(value)).replace("\n", " "))
