"""How a proof shows itself in a notebook."""

from typing import Any

from unstuck import charts, markup


def html(question: Any, evidence: Any) -> str:
    """The verdicts as a table below the picture; every text is escaped."""
    from markupsafe import Markup

    return markup.template("questions/evidence.html.j2").render(
        question=question,
        evidence=evidence,
        picture=Markup(charts.svg(question.picture(evidence), style=' style="max-width:100%"')),
    )
