"""The report as one page of HTML: it opens offline and holds no script."""

from importlib.resources import files
from typing import TYPE_CHECKING

from unstuck.records import Run
from unstuck.report import trials, wording
from unstuck.report.harmless import harmless
from unstuck.report.pictures import PALETTE, Picture, shown

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup


def page(run: Run, remedies: wording.Remedies) -> str:
    """The run as one HTML file."""
    run = harmless(run)
    main, others = shown(run)
    return _template().render(
        run=run,
        remedies=remedies,
        main=main,
        others=others,
        drawings=_drawings,
        palette=PALETTE,
        wording=wording,
        trials=trials,
    )


def _drawings(picture: Picture) -> "list[Markup]":
    """Both widths; the names of the run in them are escaped already, all else the template escapes."""
    from markupsafe import Markup

    return [Markup(picture.wide), Markup(picture.narrow)]


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
