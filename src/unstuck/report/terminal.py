"""The report for a terminal: one screen, the verdict first."""

from collections.abc import Sequence

from unstuck.records import Finding, Run
from unstuck.report import trials
from unstuck.report.harmless import harmless
from unstuck.report.paragraphs import BLANK, Paragraph, code, columns_of, draw
from unstuck.report.wording import (
    Remedies,
    RemedyText,
    brief,
    costs,
    evidence,
    plural,
    reasons,
    remarks,
    sentence,
    verdict,
    where,
)

STYLES = {"error": "bold red", "warning": "bold yellow", "note": "bold cyan"}
"""Basic colours, which a terminal's own theme keeps readable; the word always stands beside."""

PROVEN = "bold green"

OTHERS = 5
"""Other findings shown: with them and one remedy the report still fits one screen."""

REASONS = 6
"""Reasons shown why something was not checked: the rest is on the page."""

_LABEL = 13


def terminal(run: Run, remedies: Remedies, *, width: int | None = None, color: bool = False) -> str:
    """The report as text of at most ``width`` columns (those of the terminal, if None).

    All words of our own are ASCII. Names, paths and code of the run are kept as they are, except
    for characters that could move the cursor, hide text, or not be encoded.
    """
    run = harmless(run)
    width = columns_of(width)
    parts = [*_worst(run, remedies, width), *_others(run.findings[1:]), BLANK, *_rest(run)]
    return draw(parts, width=width, color=color)


def _worst(run: Run, remedies: Remedies, width: int) -> list[Paragraph]:
    """The verdict and all that belongs to it."""
    style = STYLES.get(run.findings[0].severity, "bold") if run.findings else "bold"
    parts = [Paragraph(verdict(run), style, lines=4)]
    parts += [*_replayed(run, remedies, width)]
    parts += [Paragraph(remark, lines=3) for remark in remarks(run)]
    if run.findings:
        worst = run.findings[0]
        parts += [BLANK, *_details(worst, run, width), BLANK, *_remedy(worst, run, remedies, width)]
    return parts


def _replayed(run: Run, remedies: Remedies, width: int) -> list[Paragraph]:
    """The proof, or why there is none and what to try or do."""
    made = trials.proof(run.findings[0]) if run.findings else None
    if made is not None:
        label, sentence = made
        return [Paragraph(f"{label}: {sentence}", PROVEN, lines=5)]
    said = trials.summary(run)
    if said is None:
        return []
    parts = [Paragraph(f"{said.title}: {said.text}", "bold", lines=4)]
    if said.command:
        parts.append(Paragraph(said.command, indent=2, lines=3))
    known = [remedies[name] for name in said.remedies if name in remedies]
    return parts + (_to_do("proven by a replay", known, width) if known else [])


def _details(finding: Finding, run: Run, width: int) -> list[Paragraph]:
    parts = _line(finding, width)
    step = "" if finding.at is None else f", step {finding.at:,}"
    parts.append(Paragraph(f"{finding.check}{step}", label="check     ", indent=2))
    # What is short comes first, so that a long list does not push it off the line.
    seen = sorted((f"{label} {value}" for label, value in evidence(finding)), key=_is_long)
    if seen:
        parts.append(Paragraph("; ".join(seen), label="evidence  ", indent=2, lines=2))
    if finding.proof is not None and finding.status != "confirmed" and trials.tried(run):
        parts.append(Paragraph(trials.standing(finding), label="replay    ", indent=2, lines=2))
    for symptom in finding.symptoms[:2]:
        mark = trials.mark(symptom)
        said = f"{symptom.check} ({mark}): {symptom.message}" if mark else symptom.message
        parts.append(Paragraph(said, label="explains  ", indent=2, lines=2))
    if len(finding.symptoms) > 2:
        more = plural(len(finding.symptoms) - 2, "more finding")
        parts.append(Paragraph(f"and {more}", indent=12))
    return parts


def _is_long(text: str) -> bool:
    return len(text) > 32


def _line(finding: Finding, width: int) -> list[Paragraph]:
    """The place and its code: side by side, or one below the other where that shows more."""
    if finding.location is None:
        return []
    said = finding.location.code.strip()
    label = f"{finding.location}  "
    # A long path keeps its end, and half of the width.
    if len(label) + len(said) + 2 <= width or len(label) + 2 > width // 2:
        return [Paragraph(said, label=label, indent=2, lines=1)]
    return [Paragraph(label=label.rstrip(), indent=2), Paragraph(said, indent=4, lines=2)]


def _remedy(finding: Finding, run: Run, remedies: Remedies, width: int) -> list[Paragraph]:
    """The first remedy in full (both of a proven pair); the others by name, unless one is proven."""
    excluded = trials.excluded(run)
    now, others = trials.to_do(finding, remedies, excluded)
    if not now:
        return [Paragraph(trials.nothing_to_do(finding, excluded), lines=3)]
    parts = _to_do(_briefly(finding), [each for _, each in now], width)
    if others and not trials.proven(finding):
        names = ", ".join(name for name, _ in others)
        parts.append(Paragraph(names, label="or try  ", indent=2, lines=2))
    return parts


def _to_do(how_sure: str, those: Sequence[RemedyText], width: int) -> list[Paragraph]:
    parts = [Paragraph(f"What to do ({how_sure})", "bold")]
    for each in those:
        parts += [Paragraph(each.advice), *code(each.code, width)]
    return parts


def _briefly(finding: Finding) -> str:
    """How sure the remedy is; why, stands above."""
    if trials.proven(finding):
        return "proven by a replay"
    if finding.status == "rejected":
        return "no replay can judge it"
    return trials.mark(finding) or ("unproven" if finding.proof else trials.standing(finding))


def _others(findings: tuple[Finding, ...]) -> list[Paragraph]:
    if not findings:
        return []
    parts = [BLANK, Paragraph("Also found", "bold")]
    parts += [_short(finding) for finding in findings[:OTHERS]]
    if len(findings) > OTHERS:
        parts.append(Paragraph(f"and {plural(len(findings) - OTHERS, 'more finding')}", indent=2))
    return parts


def _short(finding: Finding) -> Paragraph:
    place = "" if finding.location is None else f"{finding.location}  "
    mark = trials.mark(finding)
    text = f"{place}{finding.check}{mark and f' ({mark})'}: {finding.message}"
    return Paragraph(text, label=f"{finding.severity}  ".ljust(9), indent=2, lines=2)


def _rest(run: Run) -> list[Paragraph]:
    """What was checked, what was not, the script's numbers, the cost."""
    parts = [_row("Checked", _checked(run)), *_not_checked(run)]
    tried = trials.in_one_line(run)
    if tried:
        parts.insert(0, _row("Replayed", tried, 2))
    if run.ignored:
        parts.append(_row("Ignored", "; ".join(_ignored(finding) for finding in run.ignored)))
    parts.append(_row("This run", sentence(run.script)))
    watching = ", ".join(f"{label} {value}" for label, value in costs(run.cost))
    parts.append(_row("Watching", watching or "cost not measured"))
    return parts


def _checked(run: Run) -> str:
    if not run.checked:
        return "nothing"
    total = len(run.checked) + len(run.not_checked)
    return f"{len(run.checked)} of {plural(total, 'check')}, named by unstuck report --html FILE"


def _not_checked(run: Run) -> list[Paragraph]:
    """A line for each reason, that of most checks first."""
    grouped = sorted(reasons(run.not_checked).items(), key=lambda each: -len(each[1]))
    lines = [f"{_few(names)} ({brief(reason)})" for reason, names in grouped[:REASONS]]
    if len(grouped) > REASONS:
        lines.append(f"and {_few([name for _, names in grouped[REASONS:] for name in names])}")
    return [_row("" if index else "Not checked", line, 2) for index, line in enumerate(lines)]


def _few(names: list[str]) -> str:
    """The names, or the first of many and how many more."""
    if len(names) <= 3:
        return ", ".join(names)
    return f"{', '.join(names[:2])} and {len(names) - 2} more"


def _ignored(finding: Finding) -> str:
    place = where(finding)
    return f"{finding.check} ({place})" if place else finding.check


def _row(label: str, text: str, lines: int = 12) -> Paragraph:
    return Paragraph(text, label=label.ljust(_LABEL), lines=lines)
