"""The report for a terminal: one screen, the verdict first."""

from unstuck.records import Finding, Run
from unstuck.report.harmless import harmless, shorten
from unstuck.report.paragraphs import BLANK, Paragraph, draw
from unstuck.report.wording import (
    STATUS,
    Remedies,
    costs,
    evidence,
    known,
    plural,
    reasons,
    remarks,
    sentence,
    verdict,
    where,
)

STYLES = {"error": "bold red", "warning": "bold yellow", "note": "bold cyan"}
"""Basic colours, which a terminal's own theme keeps readable; the word always stands beside."""

OTHERS = 5
"""Other findings shown: with them and one remedy the report still fits one screen."""

_LABEL = 13


def terminal(run: Run, remedies: Remedies, *, width: int | None = None, color: bool = False) -> str:
    """The report as text of at most ``width`` columns (those of the terminal, if None).

    All words of our own are ASCII. Names, paths and code of the run are kept as they are, except
    for characters that could move the cursor, hide text, or not be encoded.
    """
    run = harmless(run)
    parts = [*_worst(run, remedies), *_others(run.findings[1:]), BLANK, *_rest(run)]
    return draw(parts, width=width, color=color)


def _worst(run: Run, remedies: Remedies) -> list[Paragraph]:
    """The verdict and all that belongs to it."""
    style = STYLES.get(run.findings[0].severity, "bold") if run.findings else "bold"
    parts = [Paragraph(verdict(run), style, lines=4)]
    parts += [Paragraph(remark, lines=3) for remark in remarks(run)]
    if run.findings:
        parts += [BLANK, *_details(run.findings[0]), BLANK, *_remedy(run.findings[0], remedies)]
    return parts


def _details(finding: Finding) -> list[Paragraph]:
    parts = [_line(finding)] if finding.location else []
    step = "" if finding.at is None else f", step {finding.at:,}"
    parts.append(Paragraph(f"{finding.check}{step}", label="check     ", indent=2))
    # What is short comes first, so that a long list does not push it off the line.
    seen = sorted((f"{label} {value}" for label, value in evidence(finding)), key=_is_long)
    if seen:
        parts.append(Paragraph("; ".join(seen), label="evidence  ", indent=2, lines=1))
    for symptom in finding.symptoms[:2]:
        parts.append(Paragraph(symptom.message, label="explains  ", indent=2, lines=2))
    if len(finding.symptoms) > 2:
        parts.append(Paragraph(f"and {len(finding.symptoms) - 2} more findings", indent=12))
    return parts


def _is_long(text: str) -> bool:
    return len(text) > 32


def _line(finding: Finding) -> Paragraph:
    code = finding.location.code.strip() if finding.location else ""
    return Paragraph(code, label=f"{finding.location}  ", indent=2, lines=1)


def _remedy(finding: Finding, remedies: Remedies) -> list[Paragraph]:
    """The first remedy in full; the others by name."""
    status = STATUS.get(finding.status, finding.status)
    found = known(finding, remedies)
    if not found:
        return [Paragraph(f"No remedy is known for {finding.check or 'this'} ({status}).")]
    (_, first), *others = found
    code = [Paragraph(line, indent=2) for line in first.code.splitlines()]
    parts = [Paragraph(f"What to do ({status})", "bold"), Paragraph(first.advice), *code]
    if others:
        names = ", ".join(name for name, _ in others)
        parts.append(Paragraph(names, label="or try  ", indent=2, lines=2))
    return parts


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
    text = f"{place}{finding.check}: {finding.message}"
    return Paragraph(text, label=f"{finding.severity}  ".ljust(9), indent=2, lines=2)


def _rest(run: Run) -> list[Paragraph]:
    """What was checked, what was not, the script's numbers, the cost."""
    parts = [_row("Checked", ", ".join(run.checked) or "nothing")]
    for index, (reason, names) in enumerate(reasons(run.not_checked).items()):
        label = "" if index else "Not checked"
        parts.append(_row(label, f"{', '.join(names)} ({shorten(reason, 120)})"))
    if run.ignored:
        parts.append(_row("Ignored", "; ".join(_ignored(finding) for finding in run.ignored)))
    parts.append(_row("This run", sentence(run.script)))
    watching = ", ".join(f"{label} {value}" for label, value in costs(run.cost))
    parts.append(_row("Watching", watching or "cost not measured"))
    return parts


def _ignored(finding: Finding) -> str:
    place = where(finding)
    return f"{finding.check} ({place})" if place else finding.check


def _row(label: str, text: str) -> Paragraph:
    return Paragraph(text, label=label.ljust(_LABEL))
