"""The renderers: siblings of one shape, records in, text out. They read no file and write none."""

from unstuck.records import Run
from unstuck.records.plain import dumps

# Heavy imports (rich, jinja2, altair) stand inside the functions of these modules: importing them
# here, at once, is what keeps `report.terminal` the function and not the module of that name.
from unstuck.report.difference import difference
from unstuck.report.page import page
from unstuck.report.terminal import terminal

__all__ = ["as_json", "difference", "page", "terminal"]


def as_json(run: Run) -> str:
    """The run as JSON text, field by field as in ``docs/json.md``."""
    return dumps(run.plain(), indent=2) + "\n"
