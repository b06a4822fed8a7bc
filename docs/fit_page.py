"""The page on how good the models of fit are beside those of others, from ``benchmarks/fit.py``."""

from typing import Any

from accuracy_page import results

INTRODUCTION = """\
# How good the models of fit are

`benchmarks/fit.py`: {tasks} tasks. Of each a quarter of the rows is kept to test by.
unstuck goes first, with no setting; each of the others then has as many seconds for the same rows, in which
it tries its own defaults, then settings at random, and keeps those that did best on held-out rows. The tasks
and the others are in `benchmarks/fit_tasks.py` and `benchmarks/fit_contenders.py`; the rules of fit
were set on other seeds, 100 and on. This page is generated from what was measured.
"""

UNITS = {"diabetes": "R2", "deliveries": "R2", "rare digit": "average precision"}
"""Of the scores; the others are accuracy."""


def page() -> str:
    """The whole page."""
    found = results("fit")
    if not found:
        return "# How good the models of fit are\n\nNot measured yet."
    parts = [INTRODUCTION.format(tasks=len(found["scores"])), *_scores(found), ""]
    parts += ["Mean rank among the neural ones: " + _ranks(found) + ".", "", *_ahead(found)]
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    return "\n".join([*parts, "", f"Measured with {versions}."])


def _scores(found: dict[str, Any]) -> list[str]:
    names = list(next(iter(found["scores"].values())))
    lines = [f"| task | score | {' | '.join(names)} | seeds | seconds |"]
    lines.append("|---" * (len(names) + 4) + "|")
    for task, scores in found["scores"].items():
        best = max(scores.values())
        cells = [_bold(f"{scores[name]:.3f}", bold=scores[name] == best) for name in names]
        ours = [
            r["seconds"] for r in found["rows"] if (r["task"], r["contender"]) == (task, "unstuck")
        ]
        unit, seconds = UNITS.get(task, "accuracy"), f"{sum(ours) / len(ours):.0f}"
        lines.append(f"| {task} | {unit} | {' | '.join(cells)} | {len(ours)} | {seconds} |")
    return lines


def _bold(text: str, *, bold: bool) -> str:
    return f"**{text}**" if bold else text


def _ranks(found: dict[str, Any]) -> str:
    ranks = sorted(found["mean rank"].items(), key=lambda each: each[1])
    return ", ".join(f"{name} {rank:.2f}" for name, rank in ranks)


def _ahead(found: dict[str, Any]) -> list[str]:
    """Who is ahead of unstuck by more than one standard error."""
    lines = [
        f"- {task}: {name}, by {each['by']:.3f} ± {each['error']:.3f}"
        for task, others in found["ahead of unstuck"].items()
        for name, each in others.items()
        if each["by"] > each["error"]
    ]
    return (
        ["Ahead of unstuck by more than one standard error:", "", *lines]
        if lines
        else ["None is ahead of unstuck by more than one standard error."]
    )
