"""Which finding is told before which."""

from unstuck.records import Finding
from unstuck.records.finding import SEVERITIES

Rank = tuple[int, int, str]


def rank(finding: Finding) -> Rank:
    """Worst first, then the earliest, then by name."""
    step = finding.at if finding.at is not None else 0
    return SEVERITIES.index(finding.severity), step, finding.check


def rank_of_cause(cause: Finding) -> Rank:
    """As of a finding, but as bad as the worst that it explains."""
    worst = min(rank(each)[0] for each in (cause, *cause.symptoms))
    return worst, *rank(cause)[1:]
