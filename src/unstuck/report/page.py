"""The report as one page of HTML: it opens offline and holds no script."""

from typing import TYPE_CHECKING

from unstuck import markup
from unstuck.records import Run
from unstuck.report import trials, wording
from unstuck.report.harmless import harmless
from unstuck.report.pictures import Picture, shown

if TYPE_CHECKING:
    from markupsafe import Markup


def page(run: Run, remedies: wording.Remedies, more: "Markup | str" = "", title: str = "") -> str:
    """The run as one HTML file.

    ``more`` are sections of the caller's, which follow the verdict; ``title`` stands above it.
    """
    run = harmless(run)
    main, others = shown(run)
    return markup.template("report/page.html.j2").render(
        run=run,
        remedies=remedies,
        main=main,
        others=others,
        drawings=_drawings,
        wording=wording,
        trials=trials,
        more=more,
        title=title,
    )


def _drawings(picture: Picture) -> "list[Markup]":
    """Both widths; the names of the run in them are escaped already, all else the template escapes."""
    from markupsafe import Markup

    return [Markup(picture.wide), Markup(picture.narrow)]
