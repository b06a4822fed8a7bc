"""The page on how often the checks are right, from the JSON of the measurements."""

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent.parent / "benchmarks" / "results"

CORPORA = {
    "sealed": "Sealed: its fingerprint was committed before it was first scored, and it was scored once.",
    "development": "Development: the checks were refined on what it showed, so its figures flatter them.",
    "second": "Second: written for the first eight checks by an author who had not read them.",
    "first": "First: likewise, and refined on.",
}

INTRODUCTION = """\
# How often the checks are right

Whole training scripts, each with one planted fault, its repaired twin, and sound scripts, by authors
who had not read a check and wrote from the fault's description alone. Every script runs under `unstuck
check` for at most 200 steps. A fault counts as named only by a finding at `warning` or above, the level
at which false alarms count; a symptom folded under another finding does not count. Facts alone decide;
nothing is replayed. Intervals are Wilson's, 95 %. `make measure` makes the JSON in `benchmarks/results/`
again; this page is generated from it.
"""


PEERS = """\
Each tool is attached as its documentation recommends, to the unchanged script, for the first 200 updates
(`benchmarks/peers.py`). What it says at its warning level or above counts, leniently: a cause is named when
any such message names the planted fault, be it as one of several. The repaired twins were not run under
them: their false alarms are of 40 sound scripts, those of unstuck of 101.
"""


def results(name: str) -> dict[str, Any]:
    """A measurement; empty if it was not made."""
    file = RESULTS / f"{name}.json"
    return json.loads(file.read_text()) if file.exists() else {}


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    measured = {name: results(f"accuracy-{name}") for name in CORPORA}
    measured = {name: body for name, body in measured.items() if body}
    parts.append(overview(measured))
    for name, body in measured.items():
        parts.append(corpus(name, body))
    peers = results("peers")
    if peers:
        parts.append(beside_peers(peers, measured))
    return "\n".join(parts)


def overview(measured: dict[str, dict[str, Any]]) -> str:
    """One line a corpus."""
    lines = ["| corpus | named first | among the first three | false alarms |", "|---|---|---|---|"]
    for name, body in measured.items():
        total = body["summary"]
        cells = [share(total[key]) for key in ("named_first", "named_in_three", "false_alarms")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def corpus(name: str, body: dict[str, Any]) -> str:
    """What the corpus is, each check, and every miss and alarm with its reason."""
    lines = [f"## {name.capitalize()}", "", CORPORA[name], ""]
    lines += ["| check | named first | among the first three | false alarms |", "|---|---|---|---|"]
    for check, found in body["summary"]["by_check"].items():
        cells = [share(found[key]) for key in ("named_first", "named_in_three", "false_alarms")]
        lines.append(f"| {check} | {' | '.join(cells)} |")
    wrong = [row for row in body["rows"] if "messages" in row or row["named"] is None]
    if wrong:
        lines += ["", "Every miss and false alarm:", ""]
        lines += [f"- {remark(name, row)}" for row in wrong]
    return "\n".join([*lines, ""])


def remark(name: str, row: dict[str, Any]) -> str:
    """What was named instead, and why."""
    named = ", ".join(row["named"] or []) or "nothing"
    planted = row["fault"] or "sound"
    why = results("explained").get(f"{name}/{row['name']}", "")
    return f"`{row['name']}` ({planted}): named {named}. {why}".rstrip()


def share(found: dict[str, Any]) -> str:
    """Hits, total, percent and interval."""
    if not found["of"]:
        return "-"
    low, high = (round(100 * bound) for bound in found["wilson"])
    return f"{found['hits']} of {found['of']} ({low} to {high} %)"


def beside_peers(peers: dict[str, Any], measured: dict[str, dict[str, Any]]) -> str:
    """One table: the same scripts under other tools."""
    lines = ["## The same scripts under other tools", "", PEERS, ""]
    lines += [
        "| tool | corpus | cause named first | cause named at all | false alarms |",
        "|---|---|---|---|---|",
    ]
    for name in peers["corpora"]:
        total = measured[name]["summary"]
        keys = ("named_first", "named_in_three", "false_alarms")
        lines.append(f"| unstuck | {name} | {' | '.join(share(total[key]) for key in keys)} |")
    corpora = ", ".join(peers["corpora"])
    for tool, found in peers["peers"].items():
        if tool == "none":
            continue
        first = share(found["named_first"]) if found["named_first"] else "does not rank"
        cells = [first, share(found["named"]), share(found["false_alarms"])]
        lines.append(f"| {tool} {found['version']} | {corpora} | {' | '.join(cells)} |")
    lines += ["", "How each was attached:", ""]
    lines += [
        f"- {tool}: {found['attached']}" for tool, found in peers["peers"].items() if tool != "none"
    ]
    return "\n".join([*lines, ""])
