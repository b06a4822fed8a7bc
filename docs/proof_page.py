"""The page on how often the replays are right, from the JSON of the measurements."""

import json
from typing import Any

from accuracy_page import results, share

INTRODUCTION = """\
# How often the replays are right

`unstuck check`, with its replays, on whole scripts by an author who knew neither a check nor how it
decides: one planted fault each, the repaired twins, two faults at once, sound scripts whose labels were
shuffled, and sound ones. The fingerprint of the corpus (`tests/scripts/corpus/proof.sha256`) was
committed before it was scored, and it was scored once. 2 cores, the default budget of 30 s. A confirmed
finding at `warning` or above on a sound script is a false confirmation; on shuffled labels
`labels-look-random` is true. `learning-rate-suspect` counts for a rate too high or too low: it says
which. Intervals are Wilson's, 95 %. `benchmarks/proof.py` makes the JSON again; this page is generated
from it.
"""


def page() -> str:
    """The whole page."""
    body = results("proof-proof")
    parts = [INTRODUCTION]
    if body:
        parts += [overview(body["summary"]), scripts(body["rows"])]
    kills = results("proof-kills")
    if kills:
        left = len(kills["left_something"])
        parts.append(
            f"Of {kills['killed']} checks killed while they proved, {left} left a process or a file behind.\n"
        )
    return "\n".join(parts)


def overview(total: dict[str, Any]) -> str:
    """The figures, one a line."""
    false = total["false_confirmations"]
    rows = {
        f"replayed, the self-check held (largest difference {total['largest_difference']})": share(
            total["replayed"]
        ),
        "one fault: named first": share(total["named_first"]),
        "the same without replays": share(total["named_first_without_proof"]),
        "one fault: confirmed": share(total["confirmed"]),
        "one fault: a remedy drawn at random from those tried": f"{total['by_chance']:.0%}",
        "two faults: one of them named first": share(total["named_first_of_two"]),
        "two faults: both among the first three": share(total["named_both"]),
        "two faults: both confirmed": share(total["confirmed_both"]),
        "false confirmations": share(total["false_confirmations_all"]),
        "of these on repaired twins": share(false["repaired"]),
        "on healthy scripts": share(false["healthy"]),
        "on shuffled labels": share(false["shuffled"]),
        "seconds from start to verdict, median": f"{total['seconds_to_verdict']}",
        "of these for replays, median": f"{total['seconds_of_proof']}",
    }
    lines = ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())]
    return "\n".join([*lines, ""])


def scripts(rows: list[dict[str, Any]]) -> str:
    """Every script with a fault, and every sound one of which something was confirmed."""
    lines = ["| script | faults | named | confirmed | why not |", "|---|---|---|---|---|"]
    for row in rows:
        if row["faults"] or row.get("confirmed"):
            words = [", ".join(row.get(key) or ()) for key in ("faults", "named", "confirmed")]
            why = row.get("unproven") or row.get("error") or "; ".join(row.get("remarks", ()))
            plain = json.dumps(why)[1:-1].split(": unstuck check")[0].replace("|", "/")
            lines.append(f"| {row['name']} | {' | '.join(words)} | {plain} |")
    return "\n".join([*lines, ""])
