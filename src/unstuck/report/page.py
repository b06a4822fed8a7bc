"""The report as one page of HTML: it opens offline and holds no script."""

from importlib.resources import files
from typing import TYPE_CHECKING

from unstuck.records import Run
from unstuck.report import pictures, wording
from unstuck.report.harmless import harmless

if TYPE_CHECKING:
    from jinja2 import Template


def page(run: Run, remedies: wording.Remedies) -> str:
    """The run as one HTML file."""
    from markupsafe import Markup

    run = harmless(run)
    picture = pictures.loss_picture(run)
    return _template().render(
        run=run,
        remedies=remedies,
        picture=picture,
        # Drawn by us from numbers alone; everything else the template escapes.
        charts=[Markup(picture.wide), Markup(picture.narrow)] if picture else [],
        colors={"line": pictures.LINE, "constant": pictures.CONSTANT, "mark": pictures.MARK},
        ink={"text": pictures.TEXT, "grid": pictures.GRID},
        wording=wording,
    )


def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    text = files("unstuck.report").joinpath("page.html.j2").read_text(encoding="utf-8")
    return environment.from_string(text)
