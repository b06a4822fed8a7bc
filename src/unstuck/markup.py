"""HTML pages: one style, one way to fill a template; all text is escaped."""

from collections.abc import Callable
from importlib.resources import files
from typing import TYPE_CHECKING

from unstuck.charts import DARK, PALETTE

if TYPE_CHECKING:
    from jinja2 import Template


def template(path: str) -> "Template":
    """A template of the package, which may include the style ``style.css.j2``."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        loader=FunctionLoader(_text),
    )
    environment.globals |= {"palette": PALETTE, "dark": DARK}
    return environment.get_template(path)


def text_template(path: str, plain: Callable[[object], str] = str) -> "Template":
    """A template of plain text or Markdown; ``plain`` is its filter for what may hold anything."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        autoescape=False,  # nothing of it is HTML
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        loader=FunctionLoader(_text),
    )
    environment.filters["plain"] = plain
    return environment.get_template(path)


def _text(path: str) -> str:
    return files("unstuck").joinpath(*path.split("/")).read_text(encoding="utf-8")
