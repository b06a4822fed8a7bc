"""What changed between two recorded runs, for the terminal."""

import math
from collections.abc import Iterator
from itertools import zip_longest

from unstuck.records import Finding, Run
from unstuck.records.optimizers import Optimizer
from unstuck.records.series import last_part, median
from unstuck.report import trials
from unstuck.report.harmless import harmless
from unstuck.report.paragraphs import BLANK, Paragraph, draw
from unstuck.report.wording import number, quantity, spaced, where

AT_THE_END = 0.1
"""Share of the steps whose median is the loss at the end: one step alone is mostly noise."""

_LABEL = 17


def difference(old: Run, new: Run, *, width: int | None = None) -> str:
    """The findings that are gone, new or still there, their verdicts, and the numbers that changed."""
    old, new = harmless(old), harmless(new)
    findings = list(_findings(old, new))
    changes = list(_changes(old, new))
    if not findings:
        findings = [Paragraph("No finding in either run.")]
    if not changes:
        changes = [Paragraph("No setting and no number that was recorded changed.")]
    head = [_row("old", _title(old)), _row("new", _title(new))]
    return draw([*head, BLANK, *findings, BLANK, *changes], width=width, color=False)


def _title(run: Run) -> str:
    return ", ".join(part for part in (run.name, run.script.command) if part)


def _row(label: str, text: str) -> Paragraph:
    return Paragraph(text, label=label.ljust(_LABEL - 1) + " ", lines=3)


def _findings(old: Run, new: Run) -> Iterator[Paragraph]:
    """Symptoms are compared like findings: a cause that goes may leave its symptom alone."""
    before, after = _flat(old.findings), _flat(new.findings)
    pairs = _pairs(before, after)
    kept_old = [id(first) for first, _ in pairs]
    kept_new = [id(second) for _, second in pairs]
    for finding in before:
        if id(finding) not in kept_old:
            yield _row(*_gone(finding, new))
    for finding in after:
        if id(finding) not in kept_new:
            yield _row("new", _said(finding))
    for first, finding in pairs:
        yield _row("still", _said(finding))
        yield from _verdict(first, finding)


def _verdict(before: Finding, after: Finding) -> Iterator[Paragraph]:
    """What the replays say of it now, if they said something else before."""
    told = [_status(each) for each in (before, after)]
    if told[0] == told[1]:
        return
    proof = trials.proof(after) if after.status == "confirmed" else None
    why = proof[1] if proof else after.proof.reason if after.proof else ""
    yield _row("  verdict", f"{told[0]} -> {told[1]}" + (f": {why}" if why else ""))


def _status(finding: Finding) -> str:
    by = f" by {finding.proof.remedy}" if finding.proof and finding.status == "confirmed" else ""
    return (trials.mark(finding) or "unproven") + by


def _flat(findings: tuple[Finding, ...]) -> list[Finding]:
    return [each for finding in findings for each in (finding, *_flat(finding.symptoms))]


def _pairs(before: list[Finding], after: list[Finding]) -> list[tuple[Finding, Finding]]:
    """Each finding with its later self: of the same check, at the same code if there is one.

    Lines move and are edited between two runs, so that neither number nor code must be equal.
    """
    pairs: list[tuple[Finding, Finding]] = []
    for alike in (_same_code, _same_check):
        for first in before:
            if any(first is done for done, _ in pairs):
                continue
            free = (each for each in after if not any(each is done for _, done in pairs))
            second = next((each for each in free if alike(first, each)), None)
            if second is not None:
                pairs.append((first, second))
    return pairs


def _same_check(first: Finding, second: Finding) -> bool:
    return first.check == second.check


def _same_code(first: Finding, second: Finding) -> bool:
    if first.location is None or second.location is None:
        return False
    codes = first.location.code.strip(), second.location.code.strip()
    return _same_check(first, second) and codes[0] == codes[1]


def _gone(finding: Finding, new: Run) -> tuple[str, str]:
    """A finding is gone only if its check was made again and nothing hid what it found."""
    if any(_same_check(finding, ignored) for ignored in new.ignored):
        return "ignored", _said(finding)
    if finding.check in new.checked:
        return "gone", _said(finding)
    reason = new.not_checked.get(finding.check, "the newer run did not make this check")
    return "unknown", f"not checked again ({reason}): {_said(finding)}"


def _said(finding: Finding) -> str:
    place = where(finding)
    return f"{finding.check}: {finding.message}" + (f" ({place})" if place else "")


def _changes(old: Run, new: Run) -> Iterator[Paragraph]:
    yield from _compared("command", old.script.command, new.script.command)
    yield from _optimizers(old, new)
    yield from _compared("batch", old.script.batch, new.script.batch)
    yield from _compared("samples", old.script.samples, new.script.samples)
    yield from _compared("accumulation", old.script.accumulation, new.script.accumulation)
    yield from _compared("effective batch", old.script.effective_batch, new.script.effective_batch)
    yield from _compared("steps", old.script.steps, new.script.steps)
    yield from _compared("loss at the end", _last_loss(old), _last_loss(new))
    yield from _compared("parameters", _numel(old), _numel(new))
    for name in sorted({*old.versions, *new.versions}):
        yield from _compared(name, old.versions.get(name), new.versions.get(name))


def _compared(name: str, before: object, after: object) -> Iterator[Paragraph]:
    """One line if the two differ as they are written; None is "not recorded"."""
    texts = [quantity(value) or "not recorded" for value in (before, after)]
    if texts[0] != texts[1]:
        label = name.ljust(_LABEL - 1) + " "
        yield Paragraph(f"{texts[0]} -> {texts[1]}", label=label, lines=3)


def _optimizers(old: Run, new: Run) -> Iterator[Paragraph]:
    pairs = zip_longest(old.facts.optimizers or (), new.facts.optimizers or ())
    for first, second in pairs:
        yield from _optimizer(first, second)


def _optimizer(first: Optimizer | None, second: Optimizer | None) -> Iterator[Paragraph]:
    yield from _compared("optimizer", first and first["name"], second and second["name"])
    before, after = first["settings"] if first else {}, second["settings"] if second else {}
    for name in {**before, **after} if first and second else ():
        yield from _compared(f"  {spaced(name)}", before.get(name), after.get(name))


def _last_loss(run: Run) -> float | str | None:
    """The loss at the end of the run; a loss that is not finite is said as it is."""
    values = last_part((run.facts.loss or {}).get("values", ()), AT_THE_END)
    broken = [value for value in values if not math.isfinite(value)]
    if broken:
        return number(broken[-1])
    return median(values) if values else None


def _numel(run: Run) -> int | None:
    parameters = run.facts.parameters
    return None if parameters is None else sum(each["numel"] for each in parameters)
