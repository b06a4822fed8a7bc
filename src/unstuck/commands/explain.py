"""``unstuck explain``: the page of a check, or the answer to a question."""

import re
import sys

from unstuck.checks import all_checks
from unstuck.errors import UsageError
from unstuck.questions import all_questions
from unstuck.remedies import all_remedies

GROUPS = {
    "The data and the targets": {"inputs", "targets", "data", "predictions"},
    "The network": {
        "layers",
        "graph",
        "activations",
        "units",
        "parameters",
        "filters",
        "filter_images",
    },
    "The loss": {"loss", "loss_calls", "failure"},
    "Gradients, updates, learning rate": {
        "gradients",
        "optimizers",
        "clipping",
        "schedulers",
        "accumulation",
    },
    "Modes and validation": {"modes", "validation"},
    "Memory": {"memory", "kept_graphs"},
    "What replays show": {"trials"},
    "Everything else": set(),
}
"""What checks look at, by the families of facts that they need, in the order of a training step."""


def grouped() -> dict[str, list[str]]:
    """The names of the checks by what they look at; a check finds its group by what it needs."""
    groups: dict[str, list[str]] = {title: [] for title in GROUPS}
    for name, each in all_checks().items():
        groups[_group(each.needs)].append(name)
    return {title: names for title, names in groups.items() if names}


def _group(needs: frozenset[str]) -> str:
    """The group of most of the families; of several such the latest, but the loss is the last choice."""
    shared = {title: len(needs & families) for title, families in GROUPS.items()}
    order = sorted(GROUPS, key=lambda title: (title == "The loss", -list(GROUPS).index(title)))
    best = max(order, key=lambda title: shared[title])
    return best if shared[best] else "Everything else"


def explain(words: str | None) -> None:
    """Print one page, or the list of all of them.

    Raises:
        UsageError: nothing has that name.
    """
    text = _index() if words is None else _page(words)
    _show(text)


def _show(text: str) -> None:
    if not sys.stdout.isatty():
        print(text)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console(width=min(100, Console().width)).print(Markdown(text))


def _index() -> str:
    checks = [
        line
        for title, names in grouped().items()
        for line in (f"## {title}", "", *map(_entry, names), "")
    ]
    questions = [f"- {each.name}: {each.title}" for each in all_questions().values()]
    return "\n".join(
        [
            "# Checks",
            "",
            *checks,
            "# Questions",
            "",
            *questions,
            "",
            "`unstuck explain NAME` prints one of them, for example `unstuck explain q03`.",
        ]
    )


def _entry(name: str) -> str:
    return f"- {name}: {_first_line(all_checks()[name].page)}"


def _page(words: str) -> str:
    name = "-".join(words.strip().lower().replace("_", " ").split())
    if name in all_checks():
        return check_page(name)
    if name in all_remedies():
        return "\n".join([f"# {name}", "", *_remedy_lines(name)]).rstrip()
    questions = all_questions()
    if re.fullmatch(r"q?\d{1,2}", name):
        name = f"q{int(name.removeprefix('q')):02d}"
    found = questions.get(name) or next((q for q in questions.values() if q.slug == name), None)
    if found is not None:
        return f"# {found.name}: {found.title}\n\n{found.text.strip()}"
    near = [each for each in (*all_checks(), *questions) if name in each]
    near += [q.name for q in questions.values() if name in q.title.lower() or name in q.slug]
    hint = f"near it: {', '.join(near[:5])}" if near else "unstuck explain lists all names"
    raise UsageError(f"nothing to explain is named {words!r}", hint)


def check_page(name: str) -> str:
    """The page of a check in markdown: its docstring, question and remedies."""
    each = all_checks()[name]
    title, _, body = _dedented(each.page).partition("\n")
    lines = [f"# {name}", "", title, body.rstrip(), "", "## Remedies"]
    for remedy_name in each.remedies:
        lines += _remedy_lines(remedy_name)
    if each.question:
        question = all_questions()[each.question]
        lines += [f"See also `unstuck explain {question.name}`: {question.title}"]
    return "\n".join(lines).rstrip()


def _remedy_lines(name: str) -> list[str]:
    remedy = all_remedies()[name]
    return [f"**{name}**: {remedy.advice}", "", "```python", remedy.code, "```", ""]


def _first_line(page: str) -> str:
    return page.strip().partition("\n")[0]


def _dedented(page: str) -> str:
    import inspect

    return inspect.cleandoc(page)
