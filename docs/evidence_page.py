"""The page on what the experiments of the questions show, from the recorded evidence."""

import re
from typing import Any

from accuracy_page import results
from contents import short
from links import relative
from unstuck.questions import Evidence, Question, Result, all_questions

PAGE = "evidence"

INTRODUCTION = """\
# What the experiments show

Each question has an experiment: small nets on small data, several seeds, arms that differ in one thing.
The bounds of what it shall show were set after pilot runs. A prediction is *supported* where the whole 95 %
interval of the mean over the seeds (Student's t) lies within its bounds, *refuted* where all of it lies
outside, *inconclusive* otherwise, and *illustrated* where a small experiment cannot settle what it shows.
*Same verdicts* counts, of the sets of five other seeds, those with which every prediction of the question
came out as recorded; *same*, those with which one did. These seeds were kept for this: nothing was designed
or tuned with them. `unstuck explain --prove --all` runs all experiments, `benchmarks/questions.py` repeats
them. This page is generated from what was recorded.
"""

# Unlike a hyphen it never ends a line.
_MINUS = re.compile(r"-(?=\d)")

Repeated = dict[str, Any]
"""What ``benchmarks/questions.py`` says of one question; empty if it was not repeated."""


def page() -> str:
    """The whole page."""
    repeated = results("questions")
    proven = [
        (each, proof, repeated.get(each.name, {}))
        for each in all_questions().values()
        if (proof := each.evidence) is not None
    ]
    parts = [INTRODUCTION, overview(proven), *(predictions(*each) for each in proven)]
    return "\n".join(parts)


def overview(proven: list[tuple[Question, Evidence, Repeated]]) -> str:
    """One line a question."""
    lines = [
        "| question | predictions | seeds | seconds | same verdicts |",
        "|---|---|---|---|---|",
    ]
    for each, proof, again in proven:
        same = f"{again['agree']} of {again['repetitions']}" if again else "not repeated"
        lines.append(
            f"| [{short(each)}](#{each.name}) | {proof.counted()} | {len(proof.seeds)} "
            f"| {proof.seconds:.0f} | {same} |"
        )
    return "\n".join([*lines, ""])


def predictions(question: Question, proof: Evidence, again: Repeated) -> str:
    """What was predicted, what was seen, and how often the verdict was the same."""
    verdicts = again.get("verdicts", {})
    return "\n".join(
        [
            f"## {question.name}",
            "",
            f"[{question.title}]({relative(f'questions/{question.name}', PAGE)})",
            "",
            "| prediction | predicted | seen | verdict | same |",
            "|---|---|---|---|---|",
            *(_row(each, verdicts.get(each.number, [])) for each in proof.results),
            "",
            f"Recorded {proof.made()}.",
            "",
        ]
    )


def _row(result: Result, words: list[str]) -> str:
    same = f"{words.count(result.verdict)} of {len(words)}" if words else ""
    numbers = (_MINUS.sub("−", text) for text in (result.bounds, result.seen()))
    cells = (result.says, *numbers, result.verdict, same)
    return f"| {' | '.join(each.replace('|', chr(92) + '|') for each in cells)} |"
