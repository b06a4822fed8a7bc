"""The report of a training: what our probes saw of it, how good the model is, and why it was made so."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from unstuck import markup
from unstuck.fit import reliability
from unstuck.records import Facts, Run, ScriptRecord
from unstuck.remedies import all_remedies
from unstuck.report import page
from unstuck.report.harmless import harmless

if TYPE_CHECKING:
    from markupsafe import Markup

    from unstuck.fit.fitted import Fitted


MENDED = ("overfitting",)
"""The weights of the best epoch are back."""


def page_of(fitted: "Fitted") -> str:
    """The page of ``unstuck check`` for this training, with the model's own sections."""
    return page(_named(fitted), all_remedies(), _sections(fitted), title_of(fitted))


def title_of(fitted: "Fitted") -> str:
    """``Accuracy 0.981, the linear model 0.972, on 360 rows that nothing was chosen by``."""
    if not fitted.metrics:
        return ""
    name, value, linear = compared(fitted)[0]
    alone = linear is None or fitted.recipe.model == "linear"
    beside = "" if alone else f", the linear model {linear:.3f}"
    rows = fitted.about.get("rows")
    count = f"{rows[2]} " if rows else ""
    title = f"{name[0].upper()}{name[1:]} {value:.3f}{beside}, on {count}rows that nothing was chosen by"
    return harmless(title)


def _named(fitted: "Fitted") -> Run:
    """The run under the name of its command, without what the training has mended itself."""
    run = fitted.run or _unseen()
    command = f"unstuck fit {fitted.about.get('source', '')}".strip()
    findings = tuple(each for each in run.findings if each.check not in MENDED)
    script = replace(run.script, command=command, kind="training")
    return replace(run, script=script, findings=findings)


def _unseen() -> Run:
    script = ScriptRecord(command="", path="", ended="finished", exit=None, steps=0, seconds=0.0)
    missing = {"loss": "the model was read from a folder: its training was seen when it was fitted"}
    return Run(
        name="", created="", script=script, cost={}, versions={}, facts=Facts(missing=missing)
    )


def _sections(fitted: "Fitted") -> "Markup":
    from markupsafe import Markup

    about = known(fitted)
    groups = about.get("reliability")
    return Markup(
        markup.template("fit/report.html.j2").render(
            about=about,
            task=harmless(fitted.task.said()),
            metrics=compared(fitted),
            recipe=harmless(valued(fitted)),
            picture=Markup(_drawn(groups)) if groups else "",
            caption=_caption(fitted),
        )
    )


def known(fitted: "Fitted") -> dict[str, Any]:
    """What is known of the training, as the pages want it: what is not known is empty."""
    empty = dict.fromkeys(("source", "targets", "rows", "notes", "choice", "reliability"))
    found: dict[str, Any] = harmless({**empty, **fitted.about})
    return found


def compared(fitted: "Fitted") -> list[tuple[str, float, float | None]]:
    """Each metric, the one to look at first, and what the linear model has."""
    first = fitted.about.get("headline")
    linear: Mapping[str, float] = fitted.about.get("linear", {})
    names = sorted(fitted.metrics, key=lambda name: name != first)
    return [(name, fitted.metrics[name], linear.get(name)) for name in names]


def valued(fitted: "Fitted") -> list[tuple[str, str, str]]:
    """Each value of the recipe that has a reason, and the reason."""
    values, reasons = fitted.recipe.plain(), fitted.recipe.reasons
    return [(name, _text(values[name]), reasons[name]) for name in values if reasons.get(name)]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _drawn(groups: Any) -> str:
    from unstuck.charts import svg

    return svg(reliability.picture(groups))


def _caption(fitted: "Fitted") -> str:
    of = {
        "binary": f"to {fitted.about.get('rarer', fitted.task.names[-1])}, the rarer class",
        "multi-class": "to the likeliest class",
        "multi-label": "to the labels",
    }.get(fitted.task.kind, "")
    return harmless(
        f"Probabilities given {of}, and how often they came true on the rows to judge by, with "
        "95 % intervals: on the dashed line they mean what they say"
    )
