"""What every renderer says, in the same words. All words of our own are ASCII."""

import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Protocol

from unstuck.records import Finding, Run, ScriptRecord

ENDED = {
    "finished": "the {kind} finished",
    "failed": "the {kind} itself failed",
    "raised": "the {kind} raised {raised}",
    "interrupted": "interrupted by Ctrl-C",
    "stopped": "stopped by check",
    "stopped by steps": "stopped by check after enough steps",
    "stopped by seconds": "stopped by check at the time limit",
    "running": "still running, or killed, when last heard of",
}
# Below this a run says next to nothing; replays tell a cause in 5 of 27 cells after 20 steps.
FEW_STEPS = 20
CAUTION = "That is no proof of health: a check sees only the fault that it is named after."
SILENT = "So nothing can be said of this training."

SHOWN = 6
"""Items shown of one list of evidence; the JSON report has them all."""

BRIEF = 80
"""Letters of a reason in the terminal."""


class RemedyText(Protocol):
    """What a renderer needs of a remedy."""

    @property
    def advice(self) -> str:
        """At most two sentences."""

    @property
    def code(self) -> str:
        """The lines a person would write."""


Remedies = Mapping[str, RemedyText]


def verdict(run: Run) -> str:
    """The run in one sentence: its worst finding, or that there is none."""
    if run.findings:
        worst = run.findings[0]
        return f"{worst.severity.capitalize()}: {worst.message}"
    if run.script.steps == 0:
        return "No training step was seen."
    if not run.checked:
        return "Nothing was checked."
    seen = plural(run.script.steps, "training step")
    cut = _cut_short(run.script)
    if run.script.steps < FEW_STEPS:
        return f"Too little seen: {cut or seen}, nothing found in them."
    looked = f"{plural(len(run.checked), 'check')} looked at "
    if cut:
        return f"Nothing found, but only {cut} were seen: {looked}them."
    return f"Nothing found: {looked}{seen}."


def _cut_short(script: ScriptRecord) -> str:
    """``51 of 200 training steps in 60 s``, if the time limit came before enough steps."""
    wanted, seconds = script.steps_limit, script.seconds_limit
    if script.stopped_by != "seconds" or wanted is None or seconds is None:
        return ""
    return f"{script.steps:,} of {plural(wanted, 'training step')} in {duration(seconds)}"


def ending(script: ScriptRecord) -> str:
    """How it ended, in a few words."""
    how = "raised" if script.ended == "failed" and script.raised else script.ended
    known = ENDED.get(f"{how} by {script.stopped_by}") or ENDED.get(how)
    exit_code = "" if script.exit is None else f" (exit code {script.exit})"
    if known is None:
        return how + exit_code
    return known.format(kind=script.kind, raised=script.raised) + exit_code


def remarks(run: Run) -> list[str]:
    """What must be said beside the verdict, so that silence never passes for health."""
    said = []
    if run.script.steps == 0 and run.findings:
        said.append("No training step was seen.")
    if run.script.training:
        said.append(_as_sentence(run.script.training))
    said += run.remarks
    if not run.findings:
        said.append(CAUTION if run.checked and run.script.steps else SILENT)
    return said


def _as_sentence(text: str) -> str:
    """The text with a capital and a full stop; the observer gives both or neither."""
    return text[0].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def where(finding: Finding) -> str:
    """The file and line, and the step."""
    place = [] if finding.location is None else [str(finding.location)]
    step = [] if finding.at is None else [f"step {finding.at:,}"]
    return ", ".join(place + step)


def evidence(finding: Finding) -> list[tuple[str, str]]:
    """The evidence as labels and values; what is empty is left out."""
    pairs = [(spaced(key), quantity(value)) for key, value in finding.evidence.items()]
    return [(label, value) for label, value in pairs if value not in ("", "None")]


def quantity(value: Any) -> str:
    """A value of the evidence as a person writes it; empty when there is nothing to say."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, Mapping):
        return str(value.get("name") or ", ".join(f"{k} {quantity(v)}" for k, v in value.items()))
    if isinstance(value, list | tuple):
        return _items(value)
    return str(value)


def _items(values: list[Any] | tuple[Any, ...]) -> str:
    """The first items, and how many more there are; numbers in brackets, as shapes are written."""
    text = ", ".join(_item(value) for value in values[:SHOWN])
    if len(values) > SHOWN:
        text += f" and {len(values) - SHOWN:,} more"
    plain = not values or not isinstance(values[0], int | float)
    return text if plain else f"[{text}]"


def _item(value: Any) -> str:
    """An item of a list; of one that begins with a name, the name and what belongs to it."""
    if isinstance(value, list | tuple) and value and isinstance(value[0], str):
        return " ".join(part for part in map(quantity, value) if part)
    return quantity(value)


def number(value: float) -> str:
    """Integers with separators, other numbers to four digits."""
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e6):
        return f"{int(value):,}"
    if math.isnan(value):
        return "NaN"
    return f"{value:.4g}"


def numbers(script: ScriptRecord) -> list[tuple[str, str]]:
    """The script's numbers in the words of question 8; what is not known says so."""
    rate = script.steps / script.seconds if script.seconds > 0 else 0.0
    return [
        ("Training steps", f"{script.steps:,}"),
        ("Time", duration(script.seconds) + (f", {rate:.3g} steps a second" if rate else "")),
        ("Batch size", _seen(script.batch)),
        ("Samples in the data", _seen(script.samples)),
        ("Updates per epoch", _seen(script.updates_per_epoch)),
        ("Backward passes per update", _seen(script.accumulation)),
        ("Effective batch", _seen(script.effective_batch)),
        ("End", ending(script)),
    ]


def sentence(script: ScriptRecord) -> str:
    """The script's numbers as one line of text."""
    said = [
        f"{plural(script.steps, 'training step')} in {duration(script.seconds)}",
        *_data(script),
    ]
    said.append(ending(script))
    return "; ".join(said)


def _data(script: ScriptRecord) -> Iterator[str]:
    if script.batch is not None:
        of = "" if script.samples is None else f" from {plural(script.samples, 'sample')}"
        yield f"batches of {script.batch:,}{of}"
    elif script.samples is not None:
        yield plural(script.samples, "sample")
    if script.updates_per_epoch is not None:
        yield f"{plural(script.updates_per_epoch, 'update')} per epoch"
    if script.accumulation is not None:
        batch = script.effective_batch
        effective = "" if batch is None else f" (effective batch {number(batch)})"
        yield f"{plural(script.accumulation, 'backward pass')} per update{effective}"
    parts = {
        "batch size": script.batch,
        "samples": script.samples,
        "updates per epoch": script.updates_per_epoch,
        "backward passes": script.accumulation,
    }
    unseen = [name for name, value in parts.items() if value is None]
    if unseen:
        yield f"not seen: {', '.join(unseen)}"


def _seen(value: float | None) -> str:
    return "not seen" if value is None else number(value)


def reasons(not_checked: Mapping[str, str]) -> dict[str, list[str]]:
    """The names of the checks that could not be made, by the reason why."""
    grouped: dict[str, list[str]] = {}
    for name, reason in not_checked.items():
        grouped.setdefault(reason, []).append(name)
    return grouped


def brief(reason: str) -> str:
    """The reason without what explains it further."""
    for mark in (": ", "; ", " ("):
        reason = reason.partition(mark)[0]
    return reason if len(reason) <= BRIEF else f"{reason[: BRIEF - 3]}..."


def costs(cost: Mapping[str, float]) -> list[tuple[str, str]]:
    """What watching cost. A name ends in its unit: ``seconds``, ``bytes``, or ``share``."""
    return [_cost(spaced(name), value) for name, value in cost.items()]


def _cost(name: str, value: float) -> tuple[str, str]:
    rest, _, unit = name.rpartition(" ")
    if not math.isfinite(value):
        return name, "not known"
    if unit == "seconds":
        return rest or "time", duration(value)
    if unit == "share":
        return rest or "share of the run", f"{100 * value:.2g} %"
    if unit == "bytes":
        return rest or "memory", f"{value / 1e6:.3g} MB"
    return name, number(value)


def duration(seconds: float) -> str:
    """A time as a person says it."""
    if not math.isfinite(seconds):
        return "an unknown time"
    if seconds < 120:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def moment(created: str) -> str:
    """The time of an ISO text to the minute; any other text as it is."""
    try:
        return f"{datetime.fromisoformat(created):%Y-%m-%d %H:%M %Z}".strip()
    except ValueError:
        return created


def plural(count: float, noun: str) -> str:
    """The count and the noun: ``1 step``, ``2 steps``, ``2 passes``."""
    ending = "es" if noun.endswith("s") else "s"
    return f"{number(count)} {noun if count == 1 else noun + ending}"


def spaced(name: str) -> str:
    """A name of a field as words."""
    return name.replace("_", " ")


def percent(share: float) -> str:
    """A share as a person says it; never 0 % or 100 % of what is not quite nothing or all."""
    if 0 < share < 0.001:
        return "< 0.1 %"
    if 0.999 < share < 1:
        return "> 99.9 %"
    return f"{100 * share:.3g} %"
