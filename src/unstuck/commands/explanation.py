"""A page of ``unstuck explain`` as HTML: one file that opens offline, with the question's picture."""

import re
import sys
import webbrowser
from pathlib import Path

from unstuck import files, markup, recording
from unstuck.checks import all_checks
from unstuck.commands import pages
from unstuck.errors import ReportNotWritten
from unstuck.questions import Evidence, Question, all_questions

FOLDER = "explained"


def open_page(name: str, evidence: Evidence | None = None) -> None:
    """Write the page of a check, remedy or question beside the recordings and open it.

    Raises:
        ReportNotWritten: it cannot be written.
    """
    path = write_page(name, evidence)
    print(path)
    if not webbrowser.open(path.absolute().as_uri()):
        print(f"unstuck: no browser here; open {path}", file=sys.stderr)


def write_page(name: str, evidence: Evidence | None = None) -> Path:
    """Write the page; ``evidence`` stands in for what came with the package.

    Raises:
        ReportNotWritten: it cannot be written.
    """
    folder = Path.cwd() / recording.FOLDER
    try:
        recording.make_folder(folder)
    except OSError as error:
        raise ReportNotWritten(
            f"cannot write {folder}: {error.strerror}", "cd elsewhere"
        ) from error
    path = folder / f"{name}.html"
    files.write_report(path, html(name, evidence))
    return Path(recording.FOLDER) / path.name


def html(name: str, evidence: Evidence | None = None) -> str:
    """The page as HTML; the picture stands behind the answer."""
    from markupsafe import Markup

    question = all_questions().get(name)
    if question is not None:
        text = pages.question_page(question, evidence)
    else:
        text = pages.check_page(name) if name in all_checks() else pages.remedy_page(name)
    # The picture shows what the answer says: it stands before the next heading.
    head, *rest = re.split(r"(?m)^(?=## )", text, maxsplit=1)
    return markup.template("commands/explanation.html.j2").render(
        name=name,
        title=text.partition("\n")[0].lstrip("# "),
        before=Markup(_rendered(head)),
        after=Markup(_rendered("".join(rest))),
        picture=Markup(_picture(question, evidence)) if question else "",
        caption=question.caption if question and (evidence or question.evidence) else "",
    )


def _rendered(text: str) -> str:
    """Markdown as HTML; HTML in it is escaped."""
    from markdown_it import MarkdownIt

    return str(MarkdownIt("commonmark", {"html": False}).render(text))


def _picture(question: Question, evidence: Evidence | None) -> str:
    from unstuck.charts import svg

    proof = evidence or question.evidence
    return svg(question.picture(proof)) if proof else ""
