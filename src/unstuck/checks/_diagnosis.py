"""Ask every check, then say each cause once."""

import difflib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from unstuck.checks._order import rank, rank_of_cause
from unstuck.checks._registry import Check, NotChecked, all_checks
from unstuck.checks._verdicts import settle
from unstuck.records import Facts, Finding, Run

Survive = Callable[[str, Callable[[], list[Finding] | None]], list[Finding] | None]
"""Runs one check, by name, and may swallow its exception (then it gives None)."""

_COMMENT = re.compile(r"#\s*unstuck:\s*ignore(?:\[([\w\s,-]*)\]|(?![\w\[-]))")


@dataclass(frozen=True)
class Diagnosis:
    """What the checks said of one run."""

    findings: tuple[Finding, ...] = ()
    checked: tuple[str, ...] = ()
    not_checked: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[Finding, ...] = ()
    remarks: tuple[str, ...] = ()


def diagnose(
    facts: Facts,
    *,
    select: Collection[str] = (),
    ignore: Collection[str] = (),
    options: Mapping[str, Mapping[str, Any]] | None = None,
    survive: Survive | None = None,
) -> Diagnosis:
    """Ask the selected checks (all, if none is named) and fold symptoms under their causes.

    Without ``survive`` an exception of a check is raised.
    """
    found: list[Finding] = []
    checked: list[str] = []
    not_checked: dict[str, str] = {}
    for name, each in all_checks().items():
        if select and name not in select:
            not_checked[name] = "not selected"
            continue
        outcome = _ask(each, facts, dict((options or {}).get(name, {})), survive)
        if not isinstance(outcome, str):
            found.extend(outcome)
        if name in ignore:
            not_checked[name] = "ignored"
        elif isinstance(outcome, str):
            not_checked[name] = outcome
        else:
            checked.append(name)
    found = _without_repetitions(found)
    asked = [each for each in found if each.check not in ignore]
    hidden = [each for each in asked if _ignored_on_its_line(each)]
    # Folded last: a symptom whose cause is ignored would otherwise vanish with it.
    shown = fold([each for each in asked if not _ignored_on_its_line(each)])
    return Diagnosis(
        tuple(shown),
        tuple(checked),
        not_checked,
        tuple(sorted(hidden, key=rank)),
        tuple(_misspelt(found)),
    )


def _without_repetitions(found: list[Finding]) -> list[Finding]:
    """The first of those that say the same of the same line, such as one for each of two calls."""
    first: dict[tuple[object, ...], Finding] = {}
    for finding in found:
        key = (finding.check, finding.message, finding.location)
        if key not in first or rank(finding) < rank(first[key]):
            first[key] = finding
    return list(first.values())


def diagnosed(run: Run, **how: Any) -> Run:
    """The run with what checks and replays say of its facts; ``how`` goes to :func:`diagnose`."""
    found = diagnose(run.facts, **how)
    survive = how.get("survive") or (lambda _, ask: ask())
    settled = survive("trials", lambda: list(settle(found.findings, run.facts.trials)))
    unread = () if settled is not None else ("What the replays recorded could not be read.",)
    return replace(
        run,
        findings=found.findings if settled is None else tuple(settled),
        checked=found.checked,
        not_checked=found.not_checked,
        ignored=found.ignored,
        remarks=(*found.remarks, *unread),
    )


def _ask(
    each: Check,
    facts: Facts,
    options: dict[str, Any],
    survive: Survive | None,
) -> list[Finding] | str:
    """The findings, or why there can be none."""
    for option in options:
        if option not in each.options:
            known = ", ".join(each.options) or "none"
            return f"it has no option {option!r}; its options: {known}"
    reason = each.missing(facts)
    if reason is not None:
        return reason
    try:
        outcome = (
            survive(each.name, lambda: each(facts, **options))
            if survive
            else each(facts, **options)
        )
    except NotChecked as unclear:
        return str(unclear)
    return "the check itself failed" if outcome is None else outcome


def _ignored_on_its_line(finding: Finding) -> bool:
    """Whether the line it points at carries ``# unstuck: ignore`` or names this check there."""
    names = _names_on_its_line(finding)
    return names is not None and (not names or finding.check in names)


def _names_on_its_line(finding: Finding) -> list[str] | None:
    """The names in the comment on its line, none for all checks; None without a comment."""
    comment = _COMMENT.search(finding.location.code) if finding.location else None
    if comment is None:
        return None
    return [name.strip() for name in (comment.group(1) or "").split(",") if name.strip()]


def _misspelt(found: list[Finding]) -> list[str]:
    """A sentence for each name in a comment that is no check's: it hides nothing."""
    known = list(all_checks())
    said: dict[str, None] = {}
    for finding in found:
        for name in _names_on_its_line(finding) or ():
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                meant = f" ({near[0]} is meant?)" if near else ""
                said[f"{finding.location}: the comment ignores {name}, no check's name{meant}."] = (
                    None
                )
    return list(said)


def fold(findings: list[Finding]) -> list[Finding]:
    """The findings in order of rank, each symptom inside the first cause that explains it."""
    ordered = sorted(findings, key=rank)
    under: dict[int, list[Finding]] = {}
    for finding in ordered:
        under.setdefault(id(_root(finding, ordered)), []).append(finding)
    causes = [
        finding for finding in ordered if any(finding is f for f in under.get(id(finding), ()))
    ]
    folded = [replace(c, symptoms=tuple(f for f in under[id(c)] if f is not c)) for c in causes]
    return sorted(folded, key=rank_of_cause)


def _root(finding: Finding, among: list[Finding]) -> Finding:
    """The cause behind the causes of the finding; itself, if nothing explains it."""
    seen = [finding]
    while True:
        cause = next((c for c in among if _explains(c, seen[-1])), None)
        if cause is None or any(cause is each for each in seen):
            return seen[-1]
        seen.append(cause)


def _explains(cause: Finding, finding: Finding) -> bool:
    """Whether the cause's check names the other as a symptom; notes explain nothing."""
    if cause is finding or cause.severity == "note" or cause.check not in all_checks():
        return False
    return finding.check in all_checks()[cause.check].explains
