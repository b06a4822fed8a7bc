"""What the replays proved, excluded and could not tell, in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from unstuck.records import Finding, Proof, Run
from unstuck.records.trials import PAIR, Trials, Verdict
from unstuck.report.harmless import DAMAGE
from unstuck.report.wording import Remedies, RemedyText, duration, number, plural

BUDGET = "15m"
"""Time to ask for where the replays had too little."""

MARKS = {"confirmed": "proven", "outranked": "outranked", "rejected": "ruled out"}
"""What a list says of a finding."""

JUDGED_ON = {
    "validation": "on the validation data",
    "training batches": "on the training batches themselves, which says nothing of new data",
}
"""Where ``on`` and the recorded words do not say it."""

NOTHING = "Nothing is proven"

VERDICTS = {
    "confirmed": "helps as well",
    "rejected": "ruled out",
    "unclear": "unclear",
    "not judged": "not judged",
}

SHOWN = 6
"""Gains named in one line; more changes are rarely tried."""


@dataclass(frozen=True)
class Tried:
    """A row of the table of all that was tried."""

    remedy: str
    change: str
    gain: str
    interval: str
    verdict: str
    reason: str
    cost: str
    won: bool


@dataclass(frozen=True)
class Summary:
    """What the replays say of a run where they confirm no finding, and the command or remedies to try."""

    title: str
    text: str
    command: str = ""
    remedies: tuple[str, ...] = ()


def standing(finding: Finding) -> str:
    """The status of the finding, and why it is no better."""
    if finding.proof is None:
        return "unproven: not yet tested by a replay"
    if finding.status == "confirmed":
        return "proven by a replay"
    return f"{mark(finding) or finding.status}: {finding.proof.reason}"


def mark(finding: Finding) -> str:
    """The status in a word or two; empty where it is unproven."""
    return MARKS.get(finding.status, "")


def proven(finding: Finding) -> Finding | None:
    """What is confirmed: the finding itself, or the first that it explains."""
    family = (finding, *finding.symptoms)
    return next((each for each in family if each.status == "confirmed" and each.proof), None)


def proof(finding: Finding) -> tuple[str, str] | None:
    """Of what it is the proof, and the proof in one sentence; None where there is none."""
    found = proven(finding)
    if found is None or found.proof is None:
        return None
    of = "" if found is finding else f" of {found.check}, which it explains"
    return f"Proven{of}", _sentence(found.proof)


def _sentence(made: Proof) -> str:
    count = "two changes" if PAIR in made.remedy else "one change"
    what = made.change or " and ".join(made.remedy.split(PAIR))
    rise = "the score rises"
    if made.before is not None and made.after is not None:
        rise += f" from {score(made.before)} to {score(made.after)}"
    return f"with {count}, {what}, {rise} ({', '.join(_measured(made))})."


def _measured(made: Proof) -> Iterator[str]:
    yield f"{made.agreeing} of {plural(made.seeds, 'seed')}"
    yield plural(made.steps, "step")
    if made.gain is not None:
        yield f"gain {score(made.gain)}"
    if made.interval is not None:
        low, high = made.interval
        yield f"95 % interval {score(low)} to {score(high)}"
    if made.judged_on:
        yield JUDGED_ON.get(made.judged_on, f"on {made.judged_on}")


def score(value: float) -> str:
    """A score to two digits; what rounds to zero has no sign."""
    return f"{round(value, 2) + 0.0:.2f}"


def gained(value: float) -> str:
    """A gain, always with its sign."""
    return f"{round(value, 2) + 0.0:+.2f}"


def to_do(
    finding: Finding, remedies: Remedies, excluded: frozenset[str]
) -> tuple[list[tuple[str, RemedyText]], list[tuple[str, RemedyText]]]:
    """What to do, and what else could be tried: the proven remedies (both of a pair), or the first.

    Nobody is advised to do what the replays excluded.
    """
    found = proven(finding)
    first = found.proof.remedy.split(PAIR) if found and found.proof else []
    open_ = [name for name in finding.remedies if name not in excluded]
    names = [name for name in dict.fromkeys([*first, *open_]) if name in remedies]
    count = max(1, sum(name in first for name in names))
    known = [(name, remedies[name]) for name in names]
    return known[:count], known[count:]


def nothing_to_do(finding: Finding, excluded: frozenset[str]) -> str:
    """Said where no remedy is left to advise."""
    failed = [name for name in finding.remedies if name in excluded]
    if not failed:
        return f"No remedy is known for {finding.check or 'this'} ({standing(finding)})."
    return f"Nothing to advise: the replays ruled out {' and '.join(failed)}."


def excluded(run: Run) -> frozenset[str]:
    """The remedies that were tried, gained nothing, and stand or fall with that: rates and panaceas."""
    trials: Trials | None = run.facts.trials
    failed = {row.remedy for row in tried(run) if row.verdict == VERDICTS["rejected"]}
    said = trials["verdicts"] if failed and trials else []
    return frozenset(
        each["remedy"]
        for each in said
        if each["remedy"] in failed and each["breadth"] != "specific"
    )


def summary(run: Run) -> Summary | None:
    """What the replays say of the run; None where a finding is confirmed or nothing is to be said."""
    trials: Trials | None = run.facts.trials
    if any(proven(finding) for finding in run.findings):
        return None
    if trials is None:
        reason = run.facts.missing.get("trials", "").rstrip(".")
        if not reason or not run.findings:
            return None
        # Where it was the time, the reason ends with the command that gives more.
        return Summary("No change was replayed", f"{reason}.")
    try:
        return _summary(run, trials)
    except DAMAGE:
        return None


def _summary(run: Run, trials: Trials) -> Summary:
    check = trials["self_check"]
    if not check["equal"]:
        apart = f"{number(check['largest_difference'])} in {plural(check['steps'], 'step')}"
        text = f"replayed unchanged, the script gave other losses than before (by up to {apart}). "
        return Summary(NOTHING, f"{text}Seed what is random in it, then try:", command(run))
    judged = [each for each in trials["verdicts"] if each["status"] != "not judged"]
    if not judged:
        return _unjudged(run, trials)
    if trials["winner"]:
        return _unnamed(run, trials["winner"])
    return Summary("No cause confirmed", _excluded(trials, judged))


def _unjudged(run: Run, trials: Trials) -> Summary:
    """Why nothing could be said of any change; more time is asked for only where it was too short."""
    if not trials.get("complete", True):
        text = "no change could be judged in the time. To try with more:"
        return Summary(NOTHING, text, command(run, "--budget", BUDGET))
    reasons = [*(each["reason"] for each in trials["verdicts"]), *trials["remarks"]]
    for reason in filter(None, reasons):
        return Summary(NOTHING, f"no change could be judged ({reason.rstrip('.')}).")
    return Summary(NOTHING, "nothing that was found names a change that a replay can make.")


def _unnamed(run: Run, winner: str) -> Summary:
    """What won though no finding names it: it is to be done like any other that is proven."""
    names = tuple(winner.split(PAIR))
    seen = [
        f" ({row.change}: gain {row.gain}, 95 % interval {row.interval})"
        for row in tried(run)
        if row.won
    ]
    text = f"the run learns better with it{''.join(seen)}, but no finding here names it."
    return Summary(" and ".join(names), text, remedies=names)


def _excluded(trials: Trials, judged: list[Verdict]) -> str:
    """What was tried, and that it does not help."""
    unclear = sum(each["status"] == "unclear" for each in judged)
    effort = f"{plural(trials['steps'], 'step')} with {plural(len(trials['seeds']), 'seed')}"
    said = f"{plural(len(judged), 'change')} replayed, {effort} each. "
    if unclear == len(judged):
        return said + "Their seeds disagree."
    start = f"{unclear} unclear, no other gains" if unclear else "None gains"
    worse = ", ".join(
        f"{each['remedy']} ({gained(each['gain'])})"
        for each in judged
        if each["gain"] is not None and each["gain"] < -trials["margin"]
    )
    end = f"; worse with {worse}" if worse else ""
    return f"{said}{start} more than {trials['margin']:.2g} of the score{end}."


def command(run: Run, *options: str) -> str:
    """The command that tries again; empty in a notebook."""
    if run.script.kind != "script":
        return ""
    return " ".join(("unstuck check", *options, run.script.command))


def tried(run: Run) -> list[Tried]:
    """A row for each verdict, the largest gain first; none where the replay itself did not hold."""
    trials: Trials | None = run.facts.trials
    try:
        if trials is None or not trials["self_check"]["equal"]:
            return []
        changes = {arm["name"]: arm["change"] for arm in trials["arms"]}
        verdicts = sorted(trials["verdicts"], key=_by_gain)
        return [_tried(each, changes, trials["winner"]) for each in verdicts]
    except DAMAGE:
        return []


def _by_gain(verdict: Verdict) -> tuple[bool, float]:
    gain = verdict["gain"]
    return gain is None or gain != gain, -(gain or 0.0)


def _tried(verdict: Verdict, changes: dict[str, str], winner: str | None) -> Tried:
    won = verdict["remedy"] == winner
    gain, interval = verdict["gain"], verdict["interval"]
    return Tried(
        remedy=verdict["remedy"],
        change=changes.get(verdict["remedy"], ""),
        gain="" if gain is None else gained(gain),
        interval="" if not interval else f"{score(interval[0])} to {score(interval[1])}",
        verdict="proven" if won else VERDICTS.get(verdict["status"], verdict["status"]),
        reason=verdict["reason"],
        cost=duration(verdict["seconds"]),
        won=won,
    )


def in_one_line(run: Run) -> str:
    """All that was tried, with its gains; empty where nothing was."""
    rows = tried(run)
    judged = [row for row in rows if row.gain]
    if not judged:
        return ""
    marks = {"proven": " (proven)", "unclear": " (unclear)"}
    said = [f"{row.remedy} {row.gain}{marks.get(row.verdict, '')}" for row in judged[:SHOWN]]
    if len(judged) > SHOWN:
        said.append(f"{len(judged) - SHOWN} more")
    unjudged = f"; not judged: {len(rows) - len(judged)}" if len(rows) > len(judged) else ""
    return ", ".join(said) + unjudged


def circumstances(run: Run) -> list[str]:
    """How the replays were made, a sentence each: what a gain means, and what it rests on."""
    trials: Trials | None = run.facts.trials
    try:
        return [] if trials is None else list(chain(_measure(trials), trials["remarks"]))
    except DAMAGE:
        return []


def _measure(trials: Trials) -> Iterator[str]:
    where = JUDGED_ON.get(trials["judged_on"], f"on {trials['judged_on']}")
    yield (
        f"The score is {trials['score']}, {where}: 1 is perfect, 0 is what a constant prediction "
        f"reaches. A gain counts above {trials['margin']:.2g} ({trials['margin_source']})."
    )
    check = trials["self_check"]
    apart = number(check["largest_difference"])
    same = "the recorded losses" if check["equal"] else "other losses than were recorded"
    yield (
        f"{plural(trials['replays'], 'replay')} in {duration(trials['seconds'])}; the one without any "
        f"change gave {same} (largest difference {apart} in {plural(check['steps'], 'step')})."
    )
