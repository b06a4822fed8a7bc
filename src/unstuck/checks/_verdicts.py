"""What the replays say of each finding: confirmed, outranked, rejected, or unproven and why."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from unstuck.checks._order import rank, rank_of_cause
from unstuck.checks._registry import all_checks
from unstuck.records import Finding, Proof
from unstuck.records.finding import Status
from unstuck.records.trials import PAIR, Arm, Trials, Verdict
from unstuck.remedies import all_remedies

WORSE, NOTHING = "made it worse", "changed nothing measurable"
"""What a remedy that is rejected did in the replays."""


@dataclass(frozen=True)
class _Case:
    """The trials as they count: without a self-check that holds there is no verdict at all."""

    trials: Trials
    verdicts: dict[str, Verdict]
    winner: str | None

    @classmethod
    def of(cls, trials: Trials) -> "_Case":
        holds = trials["self_check"]["equal"]
        verdicts = {each["remedy"]: each for each in trials["verdicts"]} if holds else {}
        won = verdicts.get(trials["winner"] or "")
        confirmed = won is not None and won["status"] == "confirmed"
        return cls(trials, verdicts, (trials["winner"] or None) if confirmed else None)

    @property
    def winners(self) -> tuple[str, ...]:
        """The remedy that won, or both of a pair."""
        return tuple(self.winner.split(PAIR)) if self.winner else ()

    def helps(self, finding: Finding) -> Verdict | None:
        """The confirmed verdict with the largest gain that a remedy of the finding has a part in."""
        confirmed = [
            each
            for each in self.verdicts.values()
            if each["status"] == "confirmed"
            and set(each["remedy"].split(PAIR)) & {*finding.remedies}
        ]
        return max(confirmed, key=_gain, default=None)

    def own(self, finding: Finding) -> list[Verdict]:
        """The verdicts of its remedies, in its order."""
        return [self.verdicts[name] for name in finding.remedies if name in self.verdicts]


def settle(findings: Sequence[Finding], trials: Trials | None) -> tuple[Finding, ...]:
    """The findings with status and proof: the confirmed come first, the rejected last."""
    if trials is None:
        return tuple(findings)
    case = _Case.of(trials)
    causes = _causes(findings, case)
    flat = list(_flat(causes))
    chosen = _chosen(causes, flat, case)
    settled = iter([_settled(each, i in chosen, case) for i, each in enumerate(flat)])
    told = [_rebuilt(cause, settled) for cause in causes]
    return tuple(sorted(told, key=lambda each: (_group(each), rank_of_cause(each))))


def _flat(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Each finding, then what it explains."""
    for finding in findings:
        yield finding
        yield from _flat(finding.symptoms)


def _rebuilt(cause: Finding, settled: Iterator[Finding]) -> Finding:
    """The same tree of settled findings; they come in the order of :func:`_flat`."""
    made = next(settled)
    return replace(made, symptoms=tuple(_rebuilt(each, settled) for each in cause.symptoms))


def _group(cause: Finding) -> int:
    if any(each.status == "confirmed" for each in _flat([cause])):
        return 0
    return 2 if cause.status == "rejected" and _is_suspicion(cause) else 1


def _is_suspicion(finding: Finding) -> bool:
    """Whether it suspects the learning rate alone, which replays decide.

    What other findings state was seen: a remedy without a gain in a hundred steps does not undo it.
    """
    remedies = all_remedies()
    known = [remedies[name].breadth for name in finding.remedies if name in remedies]
    return bool(known) and all(breadth == "learning rate" for breadth in known)


def _causes(findings: Sequence[Finding], case: _Case) -> list[Finding]:
    """The findings, where a rejected suspicion explains nothing: its symptoms go elsewhere."""
    kept = [each for each in findings if not _is_dropped(each, case)]
    alone: list[Finding] = []
    for symptom in _freed(findings, case):
        home = next((i for i, each in enumerate(kept) if _explains(each, symptom)), None)
        if home is None:
            alone.append(symptom)
        else:
            kept[home] = replace(kept[home], symptoms=(*kept[home].symptoms, symptom))
    rejected = [replace(each, symptoms=()) for each in findings if _is_dropped(each, case)]
    return [*kept, *alone, *rejected]


def _freed(findings: Sequence[Finding], case: _Case) -> Iterator[Finding]:
    """What the rejected suspicions explained."""
    for finding in findings:
        if _is_dropped(finding, case):
            yield from finding.symptoms


def _explains(cause: Finding, finding: Finding) -> bool:
    if cause.severity == "note" or cause.check not in all_checks():
        return False
    return finding.check in all_checks()[cause.check].explains


def _is_rejected(finding: Finding, case: _Case) -> bool:
    """Whether all of its remedies were judged that a replay can judge, and none gained."""
    judged = [
        case.verdicts.get(name) for name in finding.remedies if not _beyond_replays(name, case)
    ]
    failed = all(each is not None and each["status"] == "rejected" for each in judged)
    return bool(judged) and failed and case.helps(finding) is None


def _is_dropped(finding: Finding, case: _Case) -> bool:
    """Whether a rejection takes away all that it says."""
    return _is_suspicion(finding) and _is_rejected(finding, case)


def _beyond_replays(name: str, case: _Case) -> bool:
    """Whether no replay can judge the remedy, on whatever script."""
    verdict = case.verdicts.get(name)
    return bool(_how_to_judge(name)) and (verdict is None or verdict["status"] == "not judged")


def _how_to_judge(name: str) -> str:
    remedy = all_remedies().get(name)
    return remedy.judge if remedy else ""


def _chosen(causes: list[Finding], flat: list[Finding], case: _Case) -> set[int]:
    """Where the confirmed findings stand in ``flat``: for each remedy that won the most specific.

    A symptom is chosen only where no cause names the remedy.
    """
    chosen = set()
    for remedy in case.winners:
        naming = [i for i, each in enumerate(flat) if remedy in each.remedies]
        tops = [i for i in naming if any(flat[i] is cause for cause in causes)]
        if tops or naming:
            chosen.add(min(tops or naming, key=lambda i: (len(flat[i].remedies), rank(flat[i]), i)))
    return chosen


def _settled(finding: Finding, chosen: bool, case: _Case) -> Finding:
    status, proof = _judgement(finding, chosen, case)
    mild = status == "rejected" and _is_suspicion(finding) and finding.severity == "warning"
    return replace(
        finding, status=status, proof=proof, severity="note" if mild else finding.severity
    )


def _judgement(finding: Finding, chosen: bool, case: _Case) -> tuple[Status, Proof]:
    if chosen:
        return "confirmed", _proof(case, case.verdicts[case.winner or ""], "")
    helping = case.helps(finding)
    if helping is not None and case.winner is not None:
        return "outranked", _proof(case, helping, _why_outranked(helping, case.winner))
    own = case.own(finding)
    best = max(own, key=_gain, default=None)
    if _is_rejected(finding, case):
        return "rejected", _proof(case, best, _why_rejected(own, case.trials["margin"]))
    unclear = [each for each in own if each["status"] == "unclear"]
    return "unproven", _proof(case, next(iter(unclear), None), _why_unproven(finding, case))


def _proof(case: _Case, verdict: Verdict | None, reason: str) -> Proof:
    """The numbers behind a judgement: those of one verdict, or none but the reason."""
    if verdict is None:
        return Proof(reason)
    arms = {arm["name"]: arm for arm in case.trials["arms"]}
    arm = arms.get(verdict["remedy"])
    interval = verdict["interval"]
    return Proof(
        reason=reason,
        remedy=verdict["remedy"],
        change=arm["change"] if arm else "",
        before=_mean(arms.get("unchanged")),
        after=_mean(arm),
        gain=_finite(verdict["gain"]),
        interval=_both_finite(interval) if interval else None,
        seeds=len(verdict["gains"]),
        agreeing=sum(gain > 0 for gain in verdict["gains"]),
        steps=arm["steps"] if arm else case.trials["steps"],
        score=case.trials["score"],
        judged_on=case.trials["judged_on"],
        seconds=_finite(verdict["seconds"]) or 0.0,
    )


def _mean(arm: Arm | None) -> float | None:
    if arm is None or not arm["scores"]:
        return None
    return _finite(sum(arm["scores"]) / len(arm["scores"]))


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _both_finite(interval: Sequence[float]) -> tuple[float, float] | None:
    low, high = interval
    return (low, high) if math.isfinite(low) and math.isfinite(high) else None


def _gain(verdict: Verdict) -> float:
    """To sort by; what has no gain comes last."""
    gain = _finite(verdict["gain"])
    return -math.inf if gain is None else gain


def _signed(verdict: Verdict) -> str:
    """The remedy and its gain, as ``shuffle +0.02``."""
    gain = _finite(verdict["gain"])
    # Rounded first, and added to zero, so that nothing reads -0.00.
    return f"{verdict['remedy']} {'' if gain is None else f'{round(gain, 2) + 0.0:+.2f}'}".strip()


def _why_outranked(verdict: Verdict, winner: str) -> str:
    if verdict["remedy"] == winner:
        return f"another finding names {winner} and little else"
    return f"{_signed(verdict)} helps as well, but {winner} was chosen"


def _why_rejected(own: list[Verdict], margin: float) -> str:
    failed = [each for each in own if each["status"] == "rejected"]
    said = [
        f"{did} ({', '.join(map(_signed, those))})"
        for did in (WORSE, NOTHING)
        if (those := [each for each in failed if _did(each, margin) == did])
    ]
    remedies = "remedy" if len(failed) == 1 else "remedies"
    return f"its {remedies} {' or '.join(said)}; a gain or a loss counts above {margin:.2g}"


def _did(verdict: Verdict, margin: float) -> str:
    """What a rejected remedy did to the run: what counts as a gain counts as a loss."""
    return WORSE if -math.inf < _gain(verdict) < -margin else NOTHING


def _why_unproven(finding: Finding, case: _Case) -> str:
    check = case.trials["self_check"]
    if not check["equal"]:
        return (
            f"replayed unchanged, the script gave other losses (by up to "
            f"{check['largest_difference']:.2g} in {check['steps']} steps), so no change was judged"
        )
    if not finding.remedies:
        return "it names no remedy that could be tried"
    if "trials" in finding.families:
        return "seen in replays of this run; what to do about it they do not tell"
    if not case.verdicts:
        return "; ".join(case.trials["remarks"]) or "no change was tried"
    return "; ".join(_account(name, case) for name in finding.remedies)


def _account(name: str, case: _Case) -> str:
    """What the replays say of one remedy, in a few words."""
    verdict = case.verdicts.get(name)
    if verdict is None or verdict["status"] == "not judged":
        how = (verdict["reason"] if verdict else "") or _how_to_judge(name)
        return f"{name} was not judged: {how}" if how else f"{name} was not tried"
    said = {
        "rejected": _did(verdict, case.trials["margin"]),
        "unclear": verdict["reason"] or "its seeds disagree",
        "confirmed": "confirmed, but not chosen as the cause",
    }
    return f"{_signed(verdict)}, {said.get(verdict['status'], verdict['status'])}"
