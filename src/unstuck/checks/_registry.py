"""What a check is, and how the checks of this folder are found."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from unstuck.records import Facts, Finding

Find = Callable[..., Iterator[Finding]]


class NotChecked(Exception):
    """Raised by a check whose facts are there but cannot decide; the text says why."""


@dataclass(frozen=True)
class Check:
    """A check: the function that finds, what it needs, and what it leads to.

    ``remedies`` are for findings that name none themselves. ``explains`` names the checks whose
    findings are only symptoms when this one fires. ``experiments`` names changes that replays are to make
    for this check, remedies or not (``trials/changes``).
    """

    find: Find
    needs: frozenset[str]
    remedies: tuple[str, ...] = ()
    question: str | None = None
    explains: frozenset[str] = frozenset()
    experiments: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The fault's name, as in ``--ignore non-finite-loss``."""
        return self.find.__name__.replace("_", "-")

    @property
    def page(self) -> str:
        """The docstring: what it does, why it is bad, an example, when it is wrong."""
        return self.find.__doc__ or ""

    @property
    def options(self) -> dict[str, Any]:
        """The keyword options, each with its default."""
        parameters = list(inspect.signature(self.find).parameters.values())
        return {each.name: each.default for each in parameters[1:]}

    def missing(self, facts: Facts) -> str | None:
        """Why the run cannot be checked: the first family it did not record; None if it can."""
        for family in sorted(self.needs):
            if getattr(facts, family) is None:
                return facts.missing.get(family, f"{family.replace('_', ' ')} not recorded")
        return None

    def __call__(self, facts: Facts, **options: Any) -> list[Finding] | None:
        """The findings; None when the run did not record what this check needs.

        Raises:
            NotChecked: the facts are there but cannot decide.
        """
        if self.missing(facts) is not None:
            return None
        return [
            replace(
                found,
                check=self.name,
                question=self.question,
                remedies=found.remedies or self.remedies,
                families=tuple(sorted(self.needs)),
            )
            for found in self.find(facts, **options)
        ]


def check(
    *,
    needs: set[str],
    remedies: tuple[str, ...] = (),
    question: str | None = None,
    explains: set[str] | None = None,
    experiments: tuple[str, ...] = (),
) -> Callable[[Find], Check]:
    """Make a check of a function; the decorator builds a value and changes no global."""
    symptoms = frozenset(explains or ())
    return lambda find: Check(find, frozenset(needs), remedies, question, symptoms, experiments)


@cache
def all_checks() -> dict[str, Check]:
    """Every public module of this folder defines the one check it is named after."""
    folder = str(Path(__file__).parent)
    names = sorted(m.name for m in pkgutil.iter_modules([folder]) if not m.name.startswith("_"))
    found: list[Check] = [
        getattr(importlib.import_module(f"unstuck.checks.{name}"), name) for name in names
    ]
    return {each.name: each for each in found}


def experiments(select: Collection[str] = (), ignore: Collection[str] = ()) -> tuple[str, ...]:
    """What the checks that are asked want replays to try, each once."""
    asked = [
        each
        for name, each in all_checks().items()
        if (not select or name in select) and name not in ignore
    ]
    return tuple(dict.fromkeys(name for each in asked for name in each.experiments))
