"""The 22 questions: one file each, with the corrected answer in its module docstring.

The first docstring line is the question. The rest is markdown with the sections
`Answer`, `Popular claims`, `Watch for it`, `Remedy` and `Sources`. Below it stand

- ``PREDICTIONS``: what the experiment shall show (``_lab.Prediction``);
- ``experiment(lab)``: returns what it measured, one number a seed (``_lab.Measured``);
- ``picture(series)``: an altair chart of what was measured;
- ``on(facts)``: sentences about a person's own run, from its recorded facts; one that begins with two
  spaces is a row of a table below them, shown as it is;
- ``REPLAYS``, where replays can say more of that run: changes they shall try (``trials/changes``);
- ``MEASUREMENTS``: what shall be measured on replays of it (``trials/measurements``).

A new file named `qNN_some_words.py` in this folder is found without being listed anywhere.
"""

import ast
import inspect
import pkgutil
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from unstuck.errors import UsageError
from unstuck.questions._evidence import Evidence, Result, recorded
from unstuck.questions._lab import SEEDS, Say, silent

_FILE_NAME = re.compile(r"(q\d\d)_([a-z0-9_]+)")


@dataclass(frozen=True)
class Question:
    """One question and its answer, as written in the docstring of its file."""

    name: str  # "q03"
    slug: str  # "symmetry-breaking"
    title: str  # the first docstring line
    text: str  # the rest of the docstring, markdown

    @property
    def evidence(self) -> Evidence | None:
        """The proof that came with the package; None before its first one is recorded."""
        return recorded(self.name)

    @property
    def claims(self) -> list[str]:
        """The popular claims in their order, each with our judgement, without line breaks."""
        listed = self.section("Popular claims")
        return [" ".join(each.split()) for each in re.split(r"^- ", listed, flags=re.M)[1:]]

    def section(self, heading: str) -> str:
        """The text below one heading of the page; empty if it has no such heading."""
        parts = re.split(r"^## (.*)$", self.text, flags=re.MULTILINE)
        return dict(zip(parts[1::2], map(str.strip, parts[2::2]), strict=True)).get(heading, "")

    def prove(self, seeds: Iterable[int] = range(SEEDS), say: Say = silent) -> Evidence:
        """Run the experiment here and now, some 10 seconds.

        ``say`` hears what is being trained and which share of it is done.

        Raises:
            UsageError: scikit-learn, from which the data come, is not installed.
        """
        from unstuck.questions._proof import prove

        return prove(self.name, self.slug, tuple(seeds), say)

    def _repr_markdown_(self) -> str:
        return f"# {self.name}: {self.title}\n\n{self.text}"

    def picture(self, evidence: Evidence) -> Any:
        """The altair chart of a proof."""
        return self._module.picture(evidence.series)

    @property
    def caption(self) -> str:
        """What the picture shows, in a sentence."""
        return inspect.getdoc(self._module.picture) or self.title

    def on(self, facts: Any) -> list[str]:
        """What the facts of a run say of this question."""
        on = getattr(self._module, "on", None)  # a question without an experiment asks nothing yet
        return [] if on is None else list(on(facts))

    @property
    def replays(self) -> tuple[str, ...]:
        """The changes with which replays of a run can say more of this question."""
        return tuple(getattr(self._module, "REPLAYS", ()))

    @property
    def measurements(self) -> tuple[str, ...]:
        """What can be measured of this question on replays of a run."""
        return tuple(getattr(self._module, "MEASUREMENTS", ()))

    @property
    def _module(self) -> Any:
        from unstuck.questions._proof import module_of

        return module_of(self.name, self.slug)


@cache
def all_questions() -> dict[str, Question]:
    """Return every question in this folder by name, in order.

    The files are read and not imported, so this stays fast whatever they import.
    """
    found: dict[str, Question] = {}
    for file in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        match = _FILE_NAME.fullmatch(file.name)
        if match is None:
            continue
        name, words = match.groups()
        if name in found:
            raise ValueError(f"two files are named {name}")
        found[name] = Question(name, words.replace("_", "-"), *_docstring(file.name))
    return found


def explain(name: str) -> Question:
    """The question of this name: ``q03``, ``3`` or ``symmetry-breaking``.

    Raises:
        UsageError: there is none.
    """
    found = named(joined(name))
    if found is None:
        raise UsageError(f"no question is named {name!r}", "unstuck explain lists all names")
    return found


def joined(words: str) -> str:
    """Words as names are written: small letters, hyphens between them."""
    return "-".join(words.strip().lower().replace("_", " ").split())


def named(name: str) -> Question | None:
    """The question of a joined name; None if there is none."""
    if re.fullmatch(r"q?\d{1,2}", name):
        name = f"q{int(name.removeprefix('q')):02d}"
    by_slug = {each.slug: each for each in all_questions().values()}
    return all_questions().get(name) or by_slug.get(name)


def _docstring(module: str) -> tuple[str, str]:
    """Return the first docstring line of a file in this folder, and the rest."""
    source = pkgutil.get_data(__name__, f"{module}.py")
    docstring = ast.get_docstring(ast.parse(source)) if source is not None else None
    if not docstring:
        raise ValueError(f"{module}.py has no docstring")
    title, _, text = docstring.partition("\n")
    return title.strip(), text.strip()


__all__ = ["SEEDS", "Evidence", "Question", "Result", "all_questions", "explain", "joined", "named"]
