"""``unstuck explain QUESTION --on train.py``: the same question, asked of a person's own script."""

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from unstuck.commands.pages import checks_of
from unstuck.commands.watch import Checking, Wishes, show
from unstuck.config import Settings
from unstuck.observe import launch
from unstuck.questions import Question
from unstuck.records import Run
from unstuck.report.harmless import visible
from unstuck.report.paragraphs import columns_of

if TYPE_CHECKING:
    from unstuck.trials.proving import Wish

BUDGET = 120.0
"""Seconds for the replays: they were asked for."""

_NOTHING = "nothing was recorded of this run that answers it"


def ask(question: Question, words: Sequence[str], settings: Settings) -> Callable[[], None]:
    """What checks the script for what the question is about, and answers.

    Raises:
        UnstuckError: saying what is wrong with the command.
    """
    is_module = words[:1] == ["-m"]
    target = launch.parse(list(words[is_module:]), is_module)
    watching = replace(settings, select=tuple(checks_of(question.name)))
    return _Asking(question, target, Wishes(watching, budget=BUDGET)).prepared()


class _Asking(Checking):
    """A check of one question: its checks, its replays, and its sentences before the report."""

    def __init__(self, question: Question, target: launch.Target, wishes: Wishes) -> None:
        super().__init__(target, wishes)
        self.question = question

    def experiments(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*super().experiments(), *self.question.replays)))

    def wish(self, **how: Any) -> "Wish":
        return super().wish(measurements=self.question.measurements, **how)

    def answer(self, run: Run) -> None:
        said = self.guard.run("answer", self.question.on, run.facts)
        if said is None:
            said = [f"the answer failed: {self.guard.losses['answer']}"]
        said = [*(said or [_NOTHING]), *self.not_replayed(run, said)]
        title = f"{self.question.name}, asked of {self.target.label}: {self.question.title}"
        lines = [line for each in said for line in _item(visible(each))]
        show("\n".join(["", visible(title), *lines, ""]))

    def not_replayed(self, run: Run, said: Sequence[str]) -> Iterator[str]:
        """Why there are no replays, such as too few steps to prove anything by; once is enough."""
        why = "" if self.interrupted else run.facts.missing.get("trials", "")
        if why and not any(why in each for each in said):
            yield f"nothing was replayed: {why}"


def _item(text: str) -> list[str]:
    """A sentence, or a row of the table below one."""
    if text.startswith("  "):
        return [f"  {text}"]
    return textwrap.wrap(text, columns_of(None), initial_indent="  - ", subsequent_indent="    ")
