"""A page of ``unstuck explain`` as HTML: one file that opens offline, with the question's picture."""

import re
import webbrowser
from pathlib import Path

from unstuck import files, markup
from unstuck.charts import svg
from unstuck.commands import pages, report
from unstuck.questions import Evidence, all_questions


def open_page(name: str, evidence: Evidence | None = None) -> None:
    """Write the page of a check, remedy or question beside the recordings and open it.

    Raises:
        ReportNotWritten: it cannot be written.
    """
    path = write_page(name, evidence)
    print(path)
    report.open_in_browser(path, webbrowser.open)


def write_page(name: str, evidence: Evidence | None = None) -> Path:
    """Write the page; ``evidence`` stands in for what came with the package.

    Raises:
        ReportNotWritten: it cannot be written.
    """
    path = report.beside_recordings(f"{name}.html", hint="cd elsewhere")
    files.write_report(path, html(name, evidence))
    return path.relative_to(Path.cwd())


def html(name: str, evidence: Evidence | None = None) -> str:
    """The page as HTML; the picture stands behind the answer."""
    from markupsafe import Markup

    question = all_questions().get(name)
    proof = evidence or (question.evidence if question else None)
    text = pages.question_page(question, proof) if question else pages.page(name)
    # The picture shows what the answer says: it stands before the next heading.
    head, *rest = re.split(r"(?m)^(?=## )", text, maxsplit=1)
    return markup.template("commands/explanation.html.j2").render(
        name=name,
        title=text.partition("\n")[0].lstrip("# "),
        before=Markup(_rendered(head)),
        after=Markup(_rendered("".join(rest))),
        picture=Markup(svg(question.picture(proof))) if question and proof else "",
        caption=question.caption if question and proof else "",
    )


def _rendered(text: str) -> str:
    """Markdown as HTML; HTML in it is escaped."""
    from markdown_it import MarkdownIt

    return str(MarkdownIt("commonmark", {"html": False}).render(text))
