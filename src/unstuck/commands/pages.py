"""The pages of checks, remedies and questions as markdown, and the list of all of them."""

import inspect

from unstuck.checks import all_checks
from unstuck.questions import Evidence, Question, Result, all_questions
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


def index() -> str:
    """All names, each with the sentence its page begins with."""
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
            "`unstuck explain NAME` prints one of them, for example `unstuck explain q03`;",
            '`unstuck explain "weights zero"` looks for words.',
        ]
    )


def _entry(name: str) -> str:
    return f"- {name}: {first_line(name)}"


def first_line(check: str) -> str:
    """The sentence that a check's page begins with."""
    return all_checks()[check].page.strip().partition("\n")[0]


def page(name: str) -> str:
    """The page of a check, a remedy or a question."""
    if name in all_checks():
        return check_page(name)
    return remedy_page(name) if name in all_remedies() else question_page(all_questions()[name])


def check_page(name: str) -> str:
    """The page of a check: its docstring, question and remedies."""
    each = all_checks()[name]
    title, _, body = inspect.cleandoc(each.page).partition("\n")
    lines = [f"# {name}", "", title, body.rstrip(), "", "## Remedies"]
    for remedy_name in each.remedies:
        lines += _remedy_lines(remedy_name)
    if each.question:
        question = all_questions()[each.question]
        lines += [f"See also `unstuck explain {question.name}`: {question.title}"]
    return "\n".join(lines).rstrip()


def remedy_page(name: str) -> str:
    """The page of a remedy: its advice and its code."""
    return "\n".join([f"# {name}", "", *_remedy_lines(name)]).rstrip()


def _remedy_lines(name: str) -> list[str]:
    remedy = all_remedies()[name]
    return [f"**{name}**: {remedy.advice}", "", "```python", remedy.code, "```", ""]


def question_page(question: Question, evidence: Evidence | None = None) -> str:
    """The page of a question: answer, claims with their verdicts, evidence, checks, remedies.

    ``evidence`` stands in for what came with the package.
    """
    proof = evidence or question.evidence
    checks = checks_of(question.name)
    return "\n".join(
        [
            f"# {question.name}: {question.title}",
            "",
            question.section("Answer"),
            "",
            "## Popular claims",
            *_claims(question, proof),
            "",
            "## Evidence",
            *_evidence(proof),
            "",
            "## Watch for it",
            question.section("Watch for it"),
            *_named("Checks that watch for it", checks),
            "",
            "## Remedy",
            question.section("Remedy"),
            *_named("Remedies that follow", remedies_of(checks)),
            "",
            "## Sources",
            question.section("Sources"),
        ]
    )


def checks_of(question: str) -> list[str]:
    """The checks that watch a run for what the question is about."""
    return [name for name, each in all_checks().items() if each.question == question]


def remedies_of(checks: list[str]) -> list[str]:
    """The remedies to which these checks lead, each once."""
    return list(dict.fromkeys(name for check in checks for name in all_checks()[check].remedies))


def _claims(question: Question, proof: Evidence | None) -> list[str]:
    lines = []
    for number, claim in enumerate(question.claims, start=1):
        results = proof.of_claim(number) if proof else []
        lines += [f"- {claim}", *(f"    {_result(each)}" for each in results)]
    return lines


def _result(result: Result) -> str:
    return f"- **{result.verdict}** {result.said()}"


def _evidence(proof: Evidence | None) -> list[str]:
    if proof is None:
        return ["None is recorded yet."]
    beyond = [_result(each) for each in proof.of_claim(None)]
    return [
        f"{len(proof.results)} predictions (bounds set after pilot runs): {proof.counted()}. "
        f"In brackets the 95 % interval of the mean over the seeds. Recorded {proof.made()}.",
        *(["", "Beyond the claims:", "", *beyond] if beyond else []),
    ]


def _named(heading: str, names: list[str]) -> list[str]:
    return ["", f"{heading}: {', '.join(f'`{name}`' for name in names)}."] if names else []
